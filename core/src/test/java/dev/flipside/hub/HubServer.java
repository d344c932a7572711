package dev.flipside.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A local server that speaks the part of the Hub's API that Flipside uses, with a second one in the place of the host that large files are on; both misbehave on
 * demand.
 */
public final class HubServer implements AutoCloseable {
    public static final String TOKEN = "hf_TestTokenTestTokenTestTokenTestTok";

    /** Larger ones are on the other host. */
    private static final int LARGE = 1000;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern API = Pattern.compile("/api/(models|datasets)/([^/]+/[^/]+)(?:/(\\w+)(?:/([^/]+))?)?");
    private static final Pattern FILE = Pattern.compile("/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)");
    private static final Pattern BATCH = Pattern.compile("/([^/]+/[^/]+)\\.git/info/lfs/objects/batch");
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-");

    /** What a server does instead of answering. */
    @FunctionalInterface
    public interface Fault {
        void on(HttpExchange exchange, byte[] content) throws IOException;
    }

    /** One request as it came. */
    public record Request(String method, String host, String path, String authorization, String range) {}

    private static final class Repository {
        final Map<String, Map<String, byte[]>> commits = new HashMap<>();
        final Map<String, String> refs = new HashMap<>();
        boolean gated;
        boolean isPrivate;
    }

    private final HttpServer hub;
    private final HttpServer elsewhere;
    private final ExecutorService workers = Executors.newCachedThreadPool();
    private final Map<String, Repository> repositories = new HashMap<>();
    private final Map<String, byte[]> large = new HashMap<>();
    private final Map<String, TreeMap<Integer, byte[]>> parts = new HashMap<>();
    private final Deque<Fault> apiFaults = new ArrayDeque<>();
    private final Deque<Fault> fileFaults = new ArrayDeque<>();
    private final Deque<Fault> uploadFaults = new ArrayDeque<>();
    private final List<Request> requests = new ArrayList<>();
    private final List<JsonNode> commitLines = new ArrayList<>();
    private final List<String> evilPaths = new ArrayList<>();
    private volatile boolean ignoresRange;
    private volatile boolean listsHashes = true;
    private volatile boolean tellsHashes = true;
    private volatile int pageSize = 1000;
    private volatile int chunkSize;
    private volatile boolean losesCommits;

    public HubServer() throws IOException {
        hub = start(this::hub);
        elsewhere = start(this::elsewhere);
    }

    private interface Handler {
        void handle(HttpExchange exchange) throws IOException;
    }

    private HttpServer start(Handler handler) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(workers);
        server.createContext("/", exchange -> {
            try {
                handler.handle(exchange);
            } catch (RuntimeException e) {
                write(exchange, 500, ("the test's server failed: " + e).getBytes(StandardCharsets.UTF_8));
            }
        });
        server.start();
        return server;
    }

    public String url() {
        return "http://127.0.0.1:" + hub.getAddress().getPort();
    }

    String otherUrl() {
        // Another name for the same machine: another host for a client.
        return "http://localhost:" + elsewhere.getAddress().getPort();
    }

    /** Adds a commit that holds these files and makes {@code branch} point at it; returns its name. */
    public synchronized String commit(String repo, String branch, Map<String, byte[]> files) {
        Repository repository = repositories.computeIfAbsent(repo, r -> new Repository());
        String sha = hex("SHA-1", (repo + branch + repository.commits.size()).getBytes(StandardCharsets.UTF_8));
        repository.commits.put(sha, new TreeMap<>(files));
        repository.refs.put(branch, sha);
        files.values().stream().filter(HubServer::isLarge).forEach(f -> large.put(hex("SHA-256", f), f));
        return sha;
    }

    synchronized void tag(String repo, String tag, String commit) {
        repositories.get(repo).refs.put(tag, commit);
    }

    synchronized void gate(String repo) {
        repositories.get(repo).gated = true;
    }

    synchronized void hide(String repo) {
        repositories.get(repo).isPrivate = true;
    }

    /** The files of a branch. */
    synchronized Map<String, byte[]> files(String repo, String branch) {
        Repository repository = repositories.get(repo);
        return repository.commits.get(repository.refs.get(branch));
    }

    synchronized boolean has(String repo) {
        return repositories.containsKey(repo);
    }

    synchronized boolean isPrivate(String repo) {
        return repositories.get(repo).isPrivate;
    }

    synchronized int commits(String repo) {
        return repositories.containsKey(repo) ? repositories.get(repo).commits.size() : 0;
    }

    /** The next API requests meet these, one each. */
    synchronized void meetAtApi(Fault... faults) {
        apiFaults.addAll(Arrays.asList(faults));
    }

    /** The next transfers of file contents meet these, one each. */
    public synchronized void meetAtFiles(Fault... faults) {
        fileFaults.addAll(Arrays.asList(faults));
    }

    synchronized void meetAtUploads(Fault... faults) {
        uploadFaults.addAll(Arrays.asList(faults));
    }

    void ignoreRange() {
        ignoresRange = true;
    }

    void listNoHashes() {
        listsHashes = false;
    }

    void tellNoHashes() {
        listsHashes = false;
        tellsHashes = false;
    }

    void pages(int size) {
        pageSize = size;
    }

    /** Uploads of more are in parts. */
    void chunks(int size) {
        chunkSize = size;
    }

    void loseTheAnswerToACommit() {
        losesCommits = true;
    }

    synchronized void list(String path) {
        evilPaths.add(path);
    }

    public synchronized List<Request> requests() {
        return List.copyOf(requests);
    }

    /** The lines of the last commit request. */
    synchronized List<JsonNode> commitLines() {
        return List.copyOf(commitLines);
    }

    // Faults.

    static Fault status(int status, String... headers) {
        return (exchange, content) -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
            }
            write(exchange, status, "no".getBytes(StandardCharsets.UTF_8));
        };
    }

    /** Promises all and sends a part. */
    static Fault dropped(int bytes) {
        return (exchange, content) -> {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content, 0, bytes);
            exchange.getResponseBody().flush();
            exchange.close();
        };
    }

    /** Sends a part and then nothing, with the connection open. */
    static Fault stalled(int bytes, long millis) {
        return (exchange, content) -> {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content, 0, bytes);
            exchange.getResponseBody().flush();
            try {
                Thread.sleep(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            exchange.close();
        };
    }

    /** The right length with one wrong byte. */
    static Fault damaged() {
        return (exchange, content) -> {
            byte[] wrong = content.clone();
            wrong[wrong.length / 2] ^= 1;
            write(exchange, 200, wrong);
        };
    }

    /** The connection ends without an answer. */
    static Fault gone() {
        return (exchange, content) -> exchange.close();
    }

    // The Hub.

    private void hub(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        String path = exchange.getRequestURI().getRawPath();
        note(exchange, "hub");
        Matcher file = FILE.matcher(path);
        if (file.matches()) {
            resolve(exchange, (file.group(1) == null ? "models" : "datasets") + "/" + file.group(2), file);
            return;
        }
        Fault fault = next(apiFaults);
        if (fault != null) {
            fault.on(exchange, new byte[] {'[', ']'});
            return;
        }
        Matcher api = API.matcher(path);
        Matcher batch = BATCH.matcher(path);
        if (path.equals("/api/repos/create")) {
            create(exchange, JSON.readTree(body));
        } else if (path.equals("/complete") || path.equals("/verify")) {
            finishUpload(exchange, path, JSON.readTree(body));
        } else if (batch.matches()) {
            batch(exchange, JSON.readTree(body));
        } else if (api.matches()) {
            String repo = api.group(1) + "/" + api.group(2);
            String verb = Optional.ofNullable(api.group(3)).orElse("");
            String revision =
                    URLDecoder.decode(Optional.ofNullable(api.group(4)).orElse("main"), StandardCharsets.UTF_8);
            Repository repository = visible(exchange, repo);
            if (repository == null) {
                error(exchange, known(exchange) ? 404 : 401, "RepoNotFound");
            } else {
                answer(exchange, repo, repository, verb, revision, body);
            }
        } else {
            error(exchange, 404, "");
        }
    }

    private void answer(
            HttpExchange exchange, String repo, Repository repository, String verb, String revision, byte[] body)
            throws IOException {
        String commit = commitOf(repository, revision);
        if (verb.equals("branch")) {
            boolean there = repository.refs.putIfAbsent(revision, repository.refs.get("main")) != null;
            json(exchange, there ? 409 : 201, JSON.createObjectNode());
        } else if (verb.isEmpty()) {
            json(exchange, 200, JSON.createObjectNode().put("id", id(repo)).put("private", repository.isPrivate));
        } else if (commit == null) {
            error(exchange, 404, "RevisionNotFound");
        } else if (verb.equals("revision")) {
            json(exchange, 200, JSON.createObjectNode().put("id", id(repo)).put("sha", commit));
        } else if (verb.equals("tree")) {
            tree(exchange, repository.commits.get(commit));
        } else if (verb.equals("preupload")) {
            preupload(exchange, repository.commits.get(commit), JSON.readTree(body));
        } else if (verb.equals("commit")) {
            receive(exchange, repo, repository, revision, new String(body, StandardCharsets.UTF_8));
        } else {
            error(exchange, 404, "");
        }
    }

    private void tree(HttpExchange exchange, Map<String, byte[]> files) throws IOException {
        ArrayNode all = JSON.createArrayNode();
        all.addObject()
                .put("type", "directory")
                .put("path", "data")
                .put("oid", "0")
                .put("size", 0);
        files.forEach((path, content) -> all.add(entry(path, content)));
        evilPaths.forEach(path -> all.add(entry(path, new byte[] {'x'})));
        String query = Optional.ofNullable(exchange.getRequestURI().getQuery()).orElse("");
        int from = query.contains("cursor=") ? Integer.parseInt(query.replaceAll(".*cursor=", "")) : 0;
        int to = Math.min(all.size(), from + pageSize);
        if (to < all.size()) {
            String next = url() + exchange.getRequestURI().getRawPath() + "?recursive=true&cursor=" + to;
            exchange.getResponseHeaders().set("Link", "<" + next + ">; rel=\"next\"");
        }
        ArrayNode page = JSON.createArrayNode();
        for (int i = from; i < to; i++) {
            page.add(all.get(i));
        }
        json(exchange, 200, page);
    }

    private ObjectNode entry(String path, byte[] content) {
        ObjectNode entry =
                JSON.createObjectNode().put("type", "file").put("path", path).put("size", content.length);
        if (listsHashes) {
            entry.put("oid", gitBlob(content));
            if (isLarge(content)) {
                entry.putObject("lfs")
                        .put("oid", hex("SHA-256", content))
                        .put("size", content.length)
                        .put("pointerSize", 134);
            }
        }
        return entry;
    }

    private void resolve(HttpExchange exchange, String repo, Matcher file) throws IOException {
        Repository repository = visible(exchange, repo);
        if (repository == null) {
            error(exchange, known(exchange) ? 404 : 401, "RepoNotFound");
            return;
        }
        if (repository.gated && !known(exchange)) {
            error(exchange, 401, "GatedRepo");
            return;
        }
        String commit = commitOf(repository, URLDecoder.decode(file.group(3), StandardCharsets.UTF_8));
        byte[] content = commit == null
                ? null
                : repository.commits.get(commit).get(URLDecoder.decode(file.group(4), StandardCharsets.UTF_8));
        if (content == null) {
            error(exchange, 404, "EntryNotFound");
            return;
        }
        exchange.getResponseHeaders().set("X-Repo-Commit", commit);
        if (isLarge(content)) {
            String hash = hex("SHA-256", content);
            if (tellsHashes) {
                exchange.getResponseHeaders().set("X-Linked-Etag", "\"" + hash + "\"");
                exchange.getResponseHeaders().set("X-Linked-Size", Integer.toString(content.length));
            }
            exchange.getResponseHeaders().set("Location", otherUrl() + "/blob/" + hash);
            write(exchange, 302, new byte[0]);
        } else {
            if (tellsHashes) {
                exchange.getResponseHeaders().set("ETag", "\"" + gitBlob(content) + "\"");
            }
            send(exchange, content);
        }
    }

    // The other host.

    private void elsewhere(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        note(exchange, "elsewhere");
        String path = exchange.getRequestURI().getPath();
        if (exchange.getRequestMethod().equals("PUT")) {
            Fault fault = next(uploadFaults);
            if (fault != null) {
                fault.on(exchange, new byte[0]);
                return;
            }
            String[] oidAndPart = path.substring("/upload/".length()).split("/");
            synchronized (this) {
                parts.computeIfAbsent(oidAndPart[0], o -> new TreeMap<>()).put(Integer.valueOf(oidAndPart[1]), body);
                if (chunkSize == 0) {
                    large.put(oidAndPart[0], body);
                }
            }
            exchange.getResponseHeaders().set("ETag", "\"part-" + oidAndPart[1] + "\"");
            write(exchange, 200, new byte[0]);
            return;
        }
        byte[] content = large.get(path.substring("/blob/".length()));
        if (content == null) {
            write(exchange, 403, "expired".getBytes(StandardCharsets.UTF_8));
        } else {
            send(exchange, content);
        }
    }

    private void send(HttpExchange exchange, byte[] content) throws IOException {
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(content.length));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
            return;
        }
        Fault fault = next(fileFaults);
        if (fault != null) {
            fault.on(exchange, content);
            return;
        }
        Matcher range =
                RANGE.matcher(Optional.ofNullable(exchange.getRequestHeaders().getFirst("Range"))
                        .orElse(""));
        if (!range.matches() || ignoresRange) {
            write(exchange, 200, content);
            return;
        }
        int from = Integer.parseInt(range.group(1));
        if (from >= content.length) {
            write(exchange, 416, new byte[0]);
            return;
        }
        exchange.getResponseHeaders()
                .set("Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
        write(exchange, 206, Arrays.copyOfRange(content, from, content.length));
    }

    // Uploads.

    private synchronized void create(HttpExchange exchange, JsonNode payload) throws IOException {
        if (!known(exchange)) {
            error(exchange, 401, "");
            return;
        }
        String repo = payload.path("type").asText() + "s/"
                + payload.path("organization").asText() + "/"
                + payload.path("name").asText();
        if (repositories.containsKey(repo)) {
            json(
                    exchange,
                    409,
                    JSON.createObjectNode()
                            .put("error", "You already created this model repo")
                            .put("url", url() + "/" + id(repo)));
            return;
        }
        commit(repo, "main", Map.of(".gitattributes", "*.safetensors filter=lfs".getBytes(StandardCharsets.UTF_8)));
        repositories.get(repo).isPrivate = payload.path("private").asBoolean();
        json(exchange, 200, JSON.createObjectNode().put("url", url() + "/" + id(repo)));
    }

    private void preupload(HttpExchange exchange, Map<String, byte[]> there, JsonNode payload) throws IOException {
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode files = answer.putArray("files");
        for (JsonNode file : payload.path("files")) {
            String path = file.path("path").asText();
            byte[] old = there.get(path);
            ObjectNode entry = files.addObject()
                    .put("path", path)
                    .put("uploadMode", path.endsWith(".safetensors") ? "lfs" : "regular")
                    .put("shouldIgnore", false);
            if (old != null) {
                entry.put("oid", path.endsWith(".safetensors") ? hex("SHA-256", old) : gitBlob(old));
            }
        }
        json(exchange, 200, answer);
    }

    private void batch(HttpExchange exchange, JsonNode payload) throws IOException {
        ObjectNode answer = JSON.createObjectNode().put("transfer", chunkSize > 0 ? "multipart" : "basic");
        ArrayNode objects = answer.putArray("objects");
        for (JsonNode object : payload.path("objects")) {
            String oid = object.path("oid").asText();
            long size = object.path("size").asLong();
            ObjectNode entry = objects.addObject().put("oid", oid).put("size", size);
            if (large.containsKey(oid)) {
                continue;
            }
            ObjectNode actions = entry.putObject("actions");
            ObjectNode upload = actions.putObject("upload");
            if (chunkSize > 0) {
                upload.put("href", url() + "/complete");
                ObjectNode header = upload.putObject("header").put("chunk_size", Integer.toString(chunkSize));
                for (int part = 1; (part - 1) * (long) chunkSize < size; part++) {
                    header.put(String.format("%05d", part), otherUrl() + "/upload/" + oid + "/" + part);
                }
            } else {
                upload.put("href", otherUrl() + "/upload/" + oid + "/1");
                upload.putObject("header");
            }
            actions.putObject("verify").put("href", url() + "/verify");
        }
        json(exchange, 200, answer);
    }

    private synchronized void finishUpload(HttpExchange exchange, String path, JsonNode payload) throws IOException {
        String oid = payload.path("oid").asText();
        if (path.equals("/complete")) {
            int size = parts.get(oid).values().stream().mapToInt(p -> p.length).sum();
            byte[] whole = new byte[size];
            int at = 0;
            int number = 1;
            for (byte[] part : parts.get(oid).values()) {
                JsonNode told = payload.path("parts").path(number - 1);
                if (told.path("partNumber").asInt() != number
                        || !told.path("etag").asText().contains("part-" + number)) {
                    error(exchange, 400, "");
                    return;
                }
                System.arraycopy(part, 0, whole, at, part.length);
                at += part.length;
                number++;
            }
            large.put(oid, whole);
        }
        byte[] content = large.get(oid);
        boolean good = content != null && hex("SHA-256", content).equals(oid);
        json(exchange, good ? 200 : 400, JSON.createObjectNode());
    }

    private synchronized void receive(
            HttpExchange exchange, String repo, Repository repository, String branch, String lines) throws IOException {
        commitLines.clear();
        Map<String, byte[]> files = new TreeMap<>(repository.commits.get(repository.refs.get(branch)));
        for (String line : lines.split("\n")) {
            JsonNode operation = JSON.readTree(line);
            commitLines.add(operation);
            JsonNode value = operation.path("value");
            if (operation.path("key").asText().equals("file")) {
                files.put(value.path("path").asText(), value.path("content").binaryValue());
            } else if (operation.path("key").asText().equals("lfsFile")) {
                byte[] content = large.get(value.path("oid").asText());
                if (content == null) {
                    error(exchange, 400, "");
                    return;
                }
                files.put(value.path("path").asText(), content);
            }
        }
        String sha = commit(repo, branch, files);
        if (losesCommits) {
            exchange.close();
            return;
        }
        json(
                exchange,
                200,
                JSON.createObjectNode()
                        .put("commitOid", sha)
                        .put("commitUrl", url() + "/" + id(repo) + "/commit/" + sha));
    }

    // Small things.

    private synchronized void note(HttpExchange exchange, String host) {
        requests.add(new Request(
                exchange.getRequestMethod(),
                host,
                exchange.getRequestURI().getPath(),
                exchange.getRequestHeaders().getFirst("Authorization"),
                exchange.getRequestHeaders().getFirst("Range")));
    }

    private synchronized Fault next(Deque<Fault> faults) {
        return faults.poll();
    }

    private synchronized Repository visible(HttpExchange exchange, String repo) {
        Repository repository = repositories.get(repo);
        return repository == null || repository.isPrivate && !known(exchange) ? null : repository;
    }

    /** Without its type. */
    private static String id(String repo) {
        return repo.substring(repo.indexOf('/') + 1);
    }

    private static String commitOf(Repository repository, String revision) {
        return repository.commits.containsKey(revision) ? revision : repository.refs.get(revision);
    }

    private static boolean known(HttpExchange exchange) {
        return ("Bearer " + TOKEN).equals(exchange.getRequestHeaders().getFirst("Authorization"));
    }

    private static boolean isLarge(byte[] content) {
        return content.length > LARGE;
    }

    private static void error(HttpExchange exchange, int status, String code) throws IOException {
        if (!code.isEmpty()) {
            exchange.getResponseHeaders().set("X-Error-Code", code);
        }
        write(exchange, status, "{\"error\": \"no\"}".getBytes(StandardCharsets.UTF_8));
    }

    private static void json(HttpExchange exchange, int status, JsonNode body) throws IOException {
        write(exchange, status, JSON.writeValueAsBytes(body));
    }

    private static void write(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    static String gitBlob(byte[] content) {
        byte[] head = ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII);
        byte[] all = Arrays.copyOf(head, head.length + content.length);
        System.arraycopy(content, 0, all, head.length, content.length);
        return hex("SHA-1", all);
    }

    static String hex(String algorithm, byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        hub.stop(0);
        elsewhere.stop(0);
        workers.shutdownNow();
    }
}

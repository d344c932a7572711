package dev.flipside.hub;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
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
    private final Deque<HubFault> apiFaults = new ArrayDeque<>();
    private final Deque<HubFault> fileFaults = new ArrayDeque<>();
    private final HubUploads uploads = new HubUploads(this);
    private final List<Request> requests = new ArrayList<>();
    private final List<String> evilPaths = new ArrayList<>();
    private volatile boolean ignoresRange;
    private volatile boolean listsHashes = true;
    private volatile boolean tellsHashes = true;
    private volatile int pageSize = 1000;

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
                Replies.write(exchange, 500, ("the test's server failed: " + e).getBytes(StandardCharsets.UTF_8));
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
        String sha = Replies.hex("SHA-1", (repo + branch + repository.commits.size()).getBytes(StandardCharsets.UTF_8));
        repository.commits.put(sha, new TreeMap<>(files));
        repository.refs.put(branch, sha);
        files.values().stream().filter(HubServer::isLarge).forEach(f -> uploads.keep(Replies.hex("SHA-256", f), f));
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
    synchronized void meetAtApi(HubFault... faults) {
        apiFaults.addAll(Arrays.asList(faults));
    }

    /** The next transfers of file contents meet these, one each. */
    public synchronized void meetAtFiles(HubFault... faults) {
        fileFaults.addAll(Arrays.asList(faults));
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

    synchronized void list(String path) {
        evilPaths.add(path);
    }

    public synchronized List<Request> requests() {
        return List.copyOf(requests);
    }

    /** What pushes send, and what goes wrong with it. */
    HubUploads uploads() {
        return uploads;
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
        HubFault fault = next(apiFaults);
        if (fault != null) {
            fault.on(exchange, new byte[] {'[', ']'});
            return;
        }
        Matcher api = API.matcher(path);
        Matcher batch = BATCH.matcher(path);
        if (path.equals("/api/repos/create")) {
            uploads.create(exchange, JSON.readTree(body));
        } else if (path.equals("/complete") || path.equals("/verify")) {
            uploads.finish(exchange, path, JSON.readTree(body));
        } else if (batch.matches()) {
            uploads.batch(exchange, JSON.readTree(body));
        } else if (api.matches()) {
            String repo = api.group(1) + "/" + api.group(2);
            String verb = Optional.ofNullable(api.group(3)).orElse("");
            String revision =
                    URLDecoder.decode(Optional.ofNullable(api.group(4)).orElse("main"), StandardCharsets.UTF_8);
            Repository repository = visible(exchange, repo);
            if (repository == null) {
                Replies.error(exchange, known(exchange) ? 404 : 401, "RepoNotFound");
            } else {
                answer(exchange, repo, repository, verb, revision, body);
            }
        } else {
            Replies.error(exchange, 404, "");
        }
    }

    private void answer(
            HttpExchange exchange, String repo, Repository repository, String verb, String revision, byte[] body)
            throws IOException {
        String commit = commitOf(repository, revision);
        if (verb.equals("branch")) {
            boolean there = repository.refs.putIfAbsent(revision, repository.refs.get("main")) != null;
            Replies.json(exchange, there ? 409 : 201, JSON.createObjectNode());
        } else if (verb.isEmpty()) {
            Replies.json(
                    exchange, 200, JSON.createObjectNode().put("id", id(repo)).put("private", repository.isPrivate));
        } else if (commit == null) {
            Replies.error(exchange, 404, "RevisionNotFound");
        } else if (verb.equals("revision")) {
            Replies.json(
                    exchange, 200, JSON.createObjectNode().put("id", id(repo)).put("sha", commit));
        } else if (verb.equals("tree")) {
            tree(exchange, repository.commits.get(commit));
        } else if (verb.equals("preupload")) {
            HubUploads.preupload(exchange, repository.commits.get(commit), JSON.readTree(body));
        } else if (verb.equals("commit")) {
            uploads.receive(exchange, repo, revision, new String(body, StandardCharsets.UTF_8));
        } else {
            Replies.error(exchange, 404, "");
        }
    }

    private void tree(HttpExchange exchange, Map<String, byte[]> files) throws IOException {
        ArrayNode all = JSON.createArrayNode();
        all.addObject()
                .put("type", "directory")
                .put("path", "data")
                .put("oid", "0")
                .put("size", 0);
        files.forEach((path, content) -> all.add(Replies.entry(path, content, listsHashes)));
        evilPaths.forEach(path -> all.add(Replies.entry(path, new byte[] {'x'}, listsHashes)));
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
        Replies.json(exchange, 200, page);
    }

    private void resolve(HttpExchange exchange, String repo, Matcher file) throws IOException {
        Repository repository = visible(exchange, repo);
        if (repository == null) {
            Replies.error(exchange, known(exchange) ? 404 : 401, "RepoNotFound");
            return;
        }
        if (repository.gated && !known(exchange)) {
            Replies.error(exchange, 401, "GatedRepo");
            return;
        }
        String commit = commitOf(repository, URLDecoder.decode(file.group(3), StandardCharsets.UTF_8));
        byte[] content = commit == null
                ? null
                : repository.commits.get(commit).get(URLDecoder.decode(file.group(4), StandardCharsets.UTF_8));
        if (content == null) {
            Replies.error(exchange, 404, "EntryNotFound");
            return;
        }
        exchange.getResponseHeaders().set("X-Repo-Commit", commit);
        if (isLarge(content)) {
            String hash = Replies.hex("SHA-256", content);
            if (tellsHashes) {
                exchange.getResponseHeaders().set("X-Linked-Etag", "\"" + hash + "\"");
                exchange.getResponseHeaders().set("X-Linked-Size", Integer.toString(content.length));
            }
            exchange.getResponseHeaders().set("Location", otherUrl() + "/blob/" + hash);
            Replies.write(exchange, 302, new byte[0]);
        } else {
            if (tellsHashes) {
                exchange.getResponseHeaders().set("ETag", "\"" + Replies.gitBlob(content) + "\"");
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
            uploads.put(exchange, path, body);
            return;
        }
        byte[] content = uploads.content(path.substring("/blob/".length()));
        if (content == null) {
            Replies.write(exchange, 403, "expired".getBytes(StandardCharsets.UTF_8));
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
        HubFault fault = next(fileFaults);
        if (fault != null) {
            fault.on(exchange, content);
            return;
        }
        Matcher range =
                RANGE.matcher(Optional.ofNullable(exchange.getRequestHeaders().getFirst("Range"))
                        .orElse(""));
        if (!range.matches() || ignoresRange) {
            Replies.write(exchange, 200, content);
            return;
        }
        int from = Integer.parseInt(range.group(1));
        if (from >= content.length) {
            Replies.write(exchange, 416, new byte[0]);
            return;
        }
        exchange.getResponseHeaders()
                .set("Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
        Replies.write(exchange, 206, Arrays.copyOfRange(content, from, content.length));
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

    private synchronized HubFault next(Deque<HubFault> faults) {
        return faults.poll();
    }

    private synchronized Repository visible(HttpExchange exchange, String repo) {
        Repository repository = repositories.get(repo);
        return repository == null || repository.isPrivate && !known(exchange) ? null : repository;
    }

    /** Without its type. */
    static String id(String repo) {
        return repo.substring(repo.indexOf('/') + 1);
    }

    private static String commitOf(Repository repository, String revision) {
        return repository.commits.containsKey(revision) ? revision : repository.refs.get(revision);
    }

    static boolean known(HttpExchange exchange) {
        return ("Bearer " + TOKEN).equals(exchange.getRequestHeaders().getFirst("Authorization"));
    }

    static boolean isLarge(byte[] content) {
        return content.length > LARGE;
    }

    @Override
    public void close() {
        hub.stop(0);
        elsewhere.stop(0);
        workers.shutdownNow();
    }
}

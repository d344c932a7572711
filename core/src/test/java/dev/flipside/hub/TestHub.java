package dev.flipside.hub;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.flipside.net.ApiKey;
import dev.flipside.net.Backoff;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A local server that speaks the part of the Hub's API that Flipside uses, with a second one in the place of the host
 * that large files are on; both misbehave on demand.
 */
public final class TestHub implements AutoCloseable {
    /** Lets its bearer in. */
    public static final String TOKEN = "hf_TestTokenTestTokenTestTokenTestTok";

    static final String MODEL = "models/org/tiny";
    static final HubName NAME = HubName.require(RepoType.MODEL, "org/tiny");
    static final String WEIGHTS = "model.safetensors";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern API = Pattern.compile("/api/(models|datasets)/([^/]+/[^/]+)(?:/(\\w+)(?:/([^/]+))?)?");
    private static final Pattern FILE = Pattern.compile("/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)");
    private static final Pattern BATCH = Pattern.compile("/([^/]+/[^/]+)\\.git/info/lfs/objects/batch");

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
    private final HubDownloads downloads = new HubDownloads(this);
    private final HubUploads uploads = new HubUploads(this);
    private final List<Request> requests = new ArrayList<>();

    public TestHub() throws IOException {
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
        files.values().stream().filter(HubDownloads::isLarge).forEach(f -> uploads.keep(Replies.hex("SHA-256", f), f));
        return sha;
    }

    /** Adds a commit to {@code main} that holds the files of a directory; returns its name. */
    public String commit(String repo, Path directory) {
        Map<String, byte[]> files = new TreeMap<>();
        for (String name : below(directory)) {
            try {
                files.put(name, Files.readAllBytes(directory.resolve(name)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return commit(repo, "main", files);
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
    public void meetAtFiles(HubFault... faults) {
        downloads.meet(faults);
    }

    public synchronized List<Request> requests() {
        return List.copyOf(requests);
    }

    /** How files are listed and sent, and what goes wrong with it. */
    HubDownloads downloads() {
        return downloads;
    }

    /** What pushes send, and what goes wrong with it. */
    HubUploads uploads() {
        return uploads;
    }

    // Clients.

    /** The variables that send the command's requests here and keep its cache in a folder. */
    public Map<String, String> environment(Path home) {
        return Map.of("HF_ENDPOINT", url(), "HF_HOME", home.toString());
    }

    /** Settings with little patience. */
    HubSettings settings(Path cache) {
        return settings(cache, Optional.empty(), false);
    }

    HubSettings settings(Path cache, String token) {
        return settings(cache, Optional.of(token), false);
    }

    HubSettings offline(Path cache) {
        return settings(cache, Optional.empty(), true);
    }

    private HubSettings settings(Path cache, Optional<String> token, boolean offline) {
        return new HubSettings(
                URI.create(url()),
                ApiKey.of("HF_TOKEN", token),
                cache,
                offline,
                HttpClient.Builder.NO_PROXY,
                new Backoff(3, Duration.ofMillis(10)),
                Duration.ofMillis(1500));
    }

    Hub client(Path cache) {
        return new Hub(settings(cache), TransferListener.NONE);
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
        HubFault fault = nextApiFault();
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
            downloads.tree(exchange, repository.commits.get(commit));
        } else if (verb.equals("preupload")) {
            HubUploads.preupload(exchange, repository.commits.get(commit), JSON.readTree(body));
        } else if (verb.equals("commit")) {
            uploads.receive(exchange, repo, revision, new String(body, StandardCharsets.UTF_8));
        } else {
            Replies.error(exchange, 404, "");
        }
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
        downloads.file(exchange, commit, content);
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
            downloads.send(exchange, content);
        }
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

    private synchronized HubFault nextApiFault() {
        return apiFaults.poll();
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

    @Override
    public void close() {
        hub.stop(0);
        elsewhere.stop(0);
        workers.shutdownNow();
    }

    // What tests of this package share.

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] random(int size, long seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** What a model repository holds: needed files, and others. */
    static Map<String, byte[]> modelFiles() {
        Map<String, byte[]> files = new TreeMap<>();
        files.put("config.json", bytes("{\"model_type\": \"llama\"}"));
        files.put("tokenizer.json", bytes("{}"));
        files.put(WEIGHTS, random(600_000, 1));
        files.put("README.md", bytes("# Tiny"));
        files.put("pytorch_model.bin", random(2000, 2));
        files.put("onnx/model.safetensors", random(2000, 3));
        return files;
    }

    /** Regular files and links below a folder, with slashes, in order. */
    static List<String> below(Path folder) {
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.filter(Files::isRegularFile)
                    .map(path -> folder.relativize(path).toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

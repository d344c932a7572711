package dev.flipside.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The part of {@link TestHub} that takes pushes: new repositories, which files are large, their transfer in one piece
 * or in parts, and commits.
 */
final class HubUploads {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TestHub server;
    private final Map<String, byte[]> large = new ConcurrentHashMap<>();
    private final Map<String, Map<Integer, byte[]>> parts = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<HubFault> faults = new ConcurrentLinkedQueue<>();
    private final List<JsonNode> commitLines = new CopyOnWriteArrayList<>();
    private volatile int chunkSize;
    private volatile boolean losesCommits;

    HubUploads(TestHub server) {
        this.server = server;
    }

    /** The next transfers meet these, one each. */
    void meet(HubFault... next) {
        faults.addAll(List.of(next));
    }

    /** Uploads of more are in parts. */
    void chunks(int size) {
        chunkSize = size;
    }

    void loseTheAnswerToACommit() {
        losesCommits = true;
    }

    /** The lines of the last commit request. */
    List<JsonNode> commitLines() {
        return List.copyOf(commitLines);
    }

    void keep(String oid, byte[] content) {
        large.put(oid, content);
    }

    /** A large file by its hash, null when it is not there. */
    byte[] content(String oid) {
        return large.get(oid);
    }

    void put(HttpExchange exchange, String path, byte[] body) throws IOException {
        HubFault fault = faults.poll();
        if (fault != null) {
            fault.on(exchange, new byte[0]);
            return;
        }
        String[] oidAndPart = path.substring("/upload/".length()).split("/");
        parts.computeIfAbsent(oidAndPart[0], o -> new ConcurrentHashMap<>()).put(Integer.valueOf(oidAndPart[1]), body);
        if (chunkSize == 0) {
            large.put(oidAndPart[0], body);
        }
        exchange.getResponseHeaders().set("ETag", "\"part-" + oidAndPart[1] + "\"");
        Replies.write(exchange, 200, new byte[0]);
    }

    void create(HttpExchange exchange, JsonNode payload) throws IOException {
        if (!TestHub.known(exchange)) {
            Replies.error(exchange, 401, "");
            return;
        }
        String repo = payload.path("type").asText() + "s/"
                + payload.path("organization").asText() + "/"
                + payload.path("name").asText();
        if (server.has(repo)) {
            Replies.json(
                    exchange,
                    409,
                    JSON.createObjectNode()
                            .put("error", "You already created this model repo")
                            .put("url", server.url() + "/" + TestHub.id(repo)));
            return;
        }
        server.commit(
                repo, "main", Map.of(".gitattributes", "*.safetensors filter=lfs".getBytes(StandardCharsets.UTF_8)));
        if (payload.path("private").asBoolean()) {
            server.hide(repo);
        }
        Replies.json(exchange, 200, JSON.createObjectNode().put("url", server.url() + "/" + TestHub.id(repo)));
    }

    static void preupload(HttpExchange exchange, Map<String, byte[]> there, JsonNode payload) throws IOException {
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
                entry.put("oid", path.endsWith(".safetensors") ? Replies.hex("SHA-256", old) : Replies.gitBlob(old));
            }
        }
        Replies.json(exchange, 200, answer);
    }

    void batch(HttpExchange exchange, JsonNode payload) throws IOException {
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
                upload.put("href", server.url() + "/complete");
                ObjectNode header = upload.putObject("header").put("chunk_size", Integer.toString(chunkSize));
                for (int part = 1; (part - 1) * (long) chunkSize < size; part++) {
                    header.put(String.format("%05d", part), server.otherUrl() + "/upload/" + oid + "/" + part);
                }
            } else {
                upload.put("href", server.otherUrl() + "/upload/" + oid + "/1");
                upload.putObject("header");
            }
            actions.putObject("verify").put("href", server.url() + "/verify");
        }
        Replies.json(exchange, 200, answer);
    }

    void finish(HttpExchange exchange, String path, JsonNode payload) throws IOException {
        String oid = payload.path("oid").asText();
        if (path.equals("/complete")) {
            Map<Integer, byte[]> inOrder = new TreeMap<>(parts.get(oid));
            int size = inOrder.values().stream().mapToInt(p -> p.length).sum();
            byte[] whole = new byte[size];
            int at = 0;
            int number = 1;
            for (byte[] part : inOrder.values()) {
                JsonNode told = payload.path("parts").path(number - 1);
                if (told.path("partNumber").asInt() != number
                        || !told.path("etag").asText().contains("part-" + number)) {
                    Replies.error(exchange, 400, "");
                    return;
                }
                System.arraycopy(part, 0, whole, at, part.length);
                at += part.length;
                number++;
            }
            large.put(oid, whole);
        }
        byte[] content = large.get(oid);
        boolean good = content != null && Replies.hex("SHA-256", content).equals(oid);
        Replies.json(exchange, good ? 200 : 400, JSON.createObjectNode());
    }

    void receive(HttpExchange exchange, String repo, String branch, String lines) throws IOException {
        commitLines.clear();
        Map<String, byte[]> files = new TreeMap<>(server.files(repo, branch));
        for (String line : lines.split("\n")) {
            JsonNode operation = JSON.readTree(line);
            commitLines.add(operation);
            JsonNode value = operation.path("value");
            if (operation.path("key").asText().equals("file")) {
                files.put(value.path("path").asText(), value.path("content").binaryValue());
            } else if (operation.path("key").asText().equals("lfsFile")) {
                byte[] content = large.get(value.path("oid").asText());
                if (content == null) {
                    Replies.error(exchange, 400, "");
                    return;
                }
                files.put(value.path("path").asText(), content);
            }
        }
        String sha = server.commit(repo, branch, files);
        if (losesCommits) {
            exchange.close();
            return;
        }
        Replies.json(
                exchange,
                200,
                JSON.createObjectNode()
                        .put("commitOid", sha)
                        .put("commitUrl", server.url() + "/" + TestHub.id(repo) + "/commit/" + sha));
    }
}

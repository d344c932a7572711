package dev.flipside.hub;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The part of {@link TestHub} that gives: lists of files, small files itself, large ones from the other host, and what
 * goes wrong with them.
 */
final class HubDownloads {
    /** Larger ones are on the other host. */
    private static final int LARGE = 1000;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-");

    private final TestHub hub;
    private final Deque<HubFault> faults = new ArrayDeque<>();
    private final List<String> evilPaths = new ArrayList<>();
    private volatile boolean ignoresRange;
    private volatile boolean listsHashes = true;
    private volatile boolean tellsHashes = true;
    private volatile int pageSize = 1000;

    HubDownloads(TestHub hub) {
        this.hub = hub;
    }

    static boolean isLarge(byte[] content) {
        return content.length > LARGE;
    }

    /** The next transfers of file contents meet these, one each. */
    synchronized void meet(HubFault... next) {
        faults.addAll(Arrays.asList(next));
    }

    /** Sends whole files whatever part is asked for. */
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

    /** Lists so many files at a time. */
    void pages(int size) {
        pageSize = size;
    }

    /** Lists a file of this name as well. */
    synchronized void list(String path) {
        evilPaths.add(path);
    }

    synchronized void tree(HttpExchange exchange, Map<String, byte[]> files) throws IOException {
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
            String next = hub.url() + exchange.getRequestURI().getRawPath() + "?recursive=true&cursor=" + to;
            exchange.getResponseHeaders().set("Link", "<" + next + ">; rel=\"next\"");
        }
        ArrayNode page = JSON.createArrayNode();
        for (int i = from; i < to; i++) {
            page.add(all.get(i));
        }
        Replies.json(exchange, 200, page);
    }

    /** Sends a small file, or the address of a large one. */
    void file(HttpExchange exchange, String commit, byte[] content) throws IOException {
        exchange.getResponseHeaders().set("X-Repo-Commit", commit);
        if (isLarge(content)) {
            String hash = Replies.hex("SHA-256", content);
            if (tellsHashes) {
                exchange.getResponseHeaders().set("X-Linked-Etag", "\"" + hash + "\"");
                exchange.getResponseHeaders().set("X-Linked-Size", Integer.toString(content.length));
            }
            exchange.getResponseHeaders().set("Location", hub.otherUrl() + "/blob/" + hash);
            Replies.write(exchange, 302, new byte[0]);
        } else {
            if (tellsHashes) {
                exchange.getResponseHeaders().set("ETag", "\"" + Replies.gitBlob(content) + "\"");
            }
            send(exchange, content);
        }
    }

    void send(HttpExchange exchange, byte[] content) throws IOException {
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(content.length));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
            return;
        }
        HubFault fault = nextFault();
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

    private synchronized HubFault nextFault() {
        return faults.poll();
    }
}

package dev.flipside.hub;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import dev.flipside.run.Durable;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/**
 * Uploads of contents that git keeps outside of itself, by the batch API of git LFS
 * (github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md): in one request, or in the parts of the Hub's own transfer
 * {@code multipart}, for which the answer's {@code header} has a {@code chunk_size} and the address of each part by its
 * number.
 */
record LargeFiles(HubHttp http, HubName name, TransferListener listener) {
    private static final String LFS_JSON = "application/vnd.git-lfs+json";
    private static final int BATCH = 256;

    /** @param hash its SHA-256 */
    record LargeFile(Path path, long size, String hash) {
        String name() {
            return path.getFileName().toString();
        }
    }

    /** Uploads what the Hub does not have. */
    void upload(List<LargeFile> files) {
        Map<String, LargeFile> byHash = new LinkedHashMap<>();
        files.forEach(f -> byHash.putIfAbsent(f.hash(), f));
        List<LargeFile> distinct = List.copyOf(byHash.values());
        List<JsonNode> wanted = new ArrayList<>();
        for (int from = 0; from < distinct.size(); from += BATCH) {
            wanted.addAll(batch(distinct.subList(from, Math.min(distinct.size(), from + BATCH))));
        }
        if (wanted.isEmpty()) {
            return;
        }
        long total = wanted.stream()
                .mapToLong(o -> byHash.get(o.path("oid").asText()).size())
                .sum();
        listener.begin("push " + name, total, 0);
        try {
            long before = 0;
            for (JsonNode object : wanted) {
                LargeFile file = byHash.get(object.path("oid").asText());
                long done = before;
                send(file, object.path("actions"), at -> listener.at(done + at, file.name()));
                before += file.size();
                listener.at(before, file.name());
            }
        } finally {
            listener.end();
        }
    }

    /** The objects that the Hub wants, each with what is to be done. */
    private List<JsonNode> batch(List<LargeFile> files) {
        Map<String, Object> payload = new LinkedHashMap<>();
        payload.put("operation", "upload");
        payload.put("transfers", List.of("basic", "multipart"));
        payload.put("hash_algo", "sha256");
        payload.put("ref", Map.of("name", name.revision()));
        payload.put(
                "objects",
                files.stream()
                        .map(f -> Map.of("oid", f.hash(), "size", f.size()))
                        .toList());
        URI uri = http.settings().at(name.repo().page() + ".git/info/lfs/objects/batch");
        HubRequest request =
                HubRequest.postJson(uri, payload).with(Map.of("Accept", LFS_JSON, "Content-Type", LFS_JSON));
        List<JsonNode> wanted = new ArrayList<>();
        Set<String> known = Set.copyOf(files.stream().map(LargeFile::hash).toList());
        for (JsonNode object : http.json(name, "the upload", request).json().path("objects")) {
            if (object.hasNonNull("error")) {
                throw new UserError("The Hub does not take a file of " + name.repo() + ": "
                        + object.at("/error/message").asText("no reason given") + ".");
            }
            if (object.at("/actions/upload").isObject()
                    && known.contains(object.path("oid").asText())) {
                wanted.add(object);
            }
        }
        return wanted;
    }

    private void send(LargeFile file, JsonNode actions, LongConsumer progress) {
        JsonNode upload = actions.path("upload");
        URI target = address(upload.path("href").asText(""));
        Map<String, String> header = new LinkedHashMap<>();
        upload.path("header")
                .properties()
                .forEach(e -> header.put(e.getKey(), e.getValue().asText()));
        if (header.containsKey("chunk_size")) {
            sendParts(file, header, target, progress);
        } else {
            put(file, target, 0, file.size(), header, progress);
        }
        JsonNode verify = actions.path("verify");
        if (verify.hasNonNull("href")) {
            HubRequest request = HubRequest.postJson(
                    address(verify.path("href").asText("")), Map.of("oid", file.hash(), "size", file.size()));
            http.json(name, "the check of " + file.name(), request);
        }
    }

    private void sendParts(LargeFile file, Map<String, String> header, URI target, LongConsumer progress) {
        TreeMap<Integer, URI> addresses = new TreeMap<>();
        header.forEach((key, value) -> {
            if (key.matches("\\d{1,9}")) {
                addresses.put(Integer.valueOf(key), address(value));
            }
        });
        String chunk = header.get("chunk_size");
        long bytes = chunk.matches("[1-9]\\d{0,17}") ? Long.parseLong(chunk) : 0;
        if (bytes == 0 || addresses.size() != (file.size() + bytes - 1) / bytes) {
            throw new UserError("The Hub at " + http.settings().endpoint() + " offers " + addresses.size()
                    + " parts of " + chunk + " bytes for " + file.name() + " of " + file.size()
                    + " bytes, which does not fit; try again later.");
        }
        List<Map<String, Object>> parts = new ArrayList<>();
        long from = 0;
        for (URI address : addresses.values()) {
            long size = Math.min(bytes, file.size() - from);
            String etag = put(file, address, from, size, Map.of(), progress)
                    .orElseThrow(() -> new UserError("The host at " + address.getHost() + " took a part of "
                            + file.name() + " and gave no ETag for it; try again later."));
            parts.add(Map.of("partNumber", parts.size() + 1, "etag", etag));
            from += size;
        }
        HubRequest request = HubRequest.postJson(target, Map.of("oid", file.hash(), "parts", parts))
                .with(Map.of("Accept", LFS_JSON, "Content-Type", LFS_JSON));
        http.json(name, "the end of the upload of " + file.name(), request);
    }

    /** Uploads a part of a file; the ETag that it got. */
    private Optional<String> put(
            LargeFile file, URI target, long from, long size, Map<String, String> headers, LongConsumer progress) {
        Patience patience = new Patience(http.settings(), "the upload of " + file.name());
        while (true) {
            BodyPublisher body = BodyPublishers.fromPublisher(
                    BodyPublishers.ofInputStream(() -> part(file.path(), from, size, progress)), size);
            try {
                HttpResponse<InputStream> response = http.send(
                        name, file.name(), new HubRequest("PUT", target, headers, Optional.of(body), Set.of()));
                response.body().close();
                return response.headers().firstValue("ETag");
            } catch (IOException e) {
                patience.after(e);
            }
        }
    }

    @SuppressWarnings("resource") // The client closes the stream, and with it the channel.
    private static InputStream part(Path path, long from, long size, LongConsumer progress) {
        try {
            FileChannel channel = FileChannel.open(path);
            channel.position(from);
            return new Part(Channels.newInputStream(channel), from, size, progress);
        } catch (IOException e) {
            throw Durable.refused("read", path, e);
        }
    }

    /** Ends after {@code size} bytes, and tells how far it is read. */
    private static final class Part extends FilterInputStream {
        private final LongConsumer progress;
        private long at;
        private long left;

        Part(InputStream in, long from, long size, LongConsumer progress) {
            super(in);
            this.progress = progress;
            at = from;
            left = size;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int read = in.read(buffer, offset, (int) Math.min(length, left));
            if (read < 0) {
                throw new IOException("the file has become shorter while it was uploaded");
            }
            left -= read;
            at += read;
            progress.accept(at);
            return read;
        }
    }

    private URI address(String text) {
        try {
            URI uri = URI.create(text);
            if (uri.getHost() != null && Set.of("http", "https").contains(uri.getScheme())) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            throw notAnAddress(text, e);
        }
        throw notAnAddress(text, null);
    }

    private UserError notAnAddress(String text, Throwable cause) {
        return new UserError(
                "The Hub at " + http.settings().endpoint() + " sends uploads to '" + text
                        + "', which is no address; check HF_ENDPOINT.",
                cause);
    }

    static LargeFile of(Path path) {
        try {
            return new LargeFile(path, Files.size(path), Hashes.sha256(path));
        } catch (IOException e) {
            throw Durable.refused("read", path, e);
        }
    }
}

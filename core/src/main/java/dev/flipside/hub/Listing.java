package dev.flipside.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The files of a repository at one commit, which never change and can so be kept.
 *
 * @param files in the Hub's order
 */
record Listing(List<HubFile> files) {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int FORMAT = 1;

    Listing {
        files = List.copyOf(files);
    }

    /** Entries of the API's {@code tree}. */
    static List<HubFile> ofTree(HubName name, JsonNode entries) {
        List<HubFile> files = new ArrayList<>();
        for (JsonNode entry : entries) {
            if (entry.path("type").asText("").equals("file")) {
                JsonNode large = entry.path("lfs");
                String hash = large.isObject()
                        ? large.path("oid").asText(large.path("sha256").asText(""))
                        : entry.path("oid").asText("");
                files.add(HubFile.of(
                        name.repo().toString(),
                        entry.path("path").asText(""),
                        (large.isObject() ? large : entry).path("size").asLong(-1),
                        Optional.of(hash)));
            }
        }
        return files;
    }

    /**
     * What a snapshot in the cache holds: all that is known of a repository that another program downloaded in part.
     */
    static Listing ofSnapshot(Path snapshot) throws IOException {
        List<HubFile> files = new ArrayList<>();
        try (Stream<Path> paths = Files.walk(snapshot)) {
            for (Path path : paths.sorted().filter(Files::isRegularFile).toList()) {
                String relative = snapshot.relativize(path).toString().replace('\\', '/');
                String blob = path.toRealPath().getFileName().toString();
                files.add(HubFile.of(snapshot.toString(), relative, Files.size(path), Optional.of(blob)));
            }
        }
        return new Listing(files);
    }

    /**
     * Reads a kept listing, ours or huggingface_hub's {@code trees/COMMIT.json}, which has the same form.
     *
     * @return empty when there is none or it is of another version
     */
    static Optional<Listing> read(Path file) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            JsonNode root = JSON.readTree(Files.readString(file));
            if (root.path("format_version").asInt() != FORMAT) {
                return Optional.empty();
            }
            List<HubFile> files = new ArrayList<>();
            for (Map.Entry<String, JsonNode> entry : root.path("files").properties()) {
                JsonNode f = entry.getValue();
                boolean large = f.hasNonNull("lfs_sha256");
                files.add(HubFile.of(
                        file.toString(),
                        entry.getKey(),
                        f.path(large ? "lfs_size" : "size").asLong(-1),
                        Optional.of(f.path(large ? "lfs_sha256" : "blob_id").asText(""))));
            }
            return Optional.of(new Listing(files));
        } catch (IOException e) {
            return Optional.empty(); // It is asked for again.
        }
    }

    void write(Path file) throws IOException {
        ObjectNode root = JSON.createObjectNode().put("format_version", FORMAT);
        ObjectNode entries = root.putObject("files");
        for (HubFile f : files) {
            ObjectNode entry = entries.putObject(f.path()).put("size", f.size());
            f.hash().filter(h -> h.length() == 40).ifPresent(h -> entry.put("blob_id", h));
            f.hash().filter(h -> h.length() == 64).ifPresent(h -> entry.put("lfs_sha256", h)
                    .put("lfs_size", f.size()));
        }
        Files.createDirectories(file.getParent());
        Durable.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
    }

    Optional<HubFile> find(String path) {
        return files.stream().filter(f -> f.path().equals(path)).findFirst();
    }
}

package dev.flipside.eval.judge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * What judges answered, on disk: one file per request, named by the SHA-256 of address and body, with both in it. Files
 * are written aside and renamed, so a killed run leaves whole ones, and several runs may share a folder.
 */
final class ReplyCache {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final String address;

    ReplyCache(Path folder, String address) {
        this.folder = folder;
        this.address = address;
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw refused("create", folder, e);
        }
    }

    /** The answer to an equal request before, if it is there and whole. */
    Optional<JsonNode> find(String body) {
        Path file = file(body);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            JsonNode response = JSON.readTree(file.toFile()).path("response");
            return ChatReply.isOne(response) ? Optional.of(response) : Optional.empty();
        } catch (IOException e) {
            // Damaged by the disk: the answer is asked for again and the file replaced.
            return Optional.empty();
        }
    }

    void keep(String body, JsonNode response) {
        Path file = file(body);
        try {
            Files.createDirectories(file.getParent());
            Path aside = Files.createTempFile(file.getParent(), ".reply", ".tmp");
            ObjectNode entry = JSON.createObjectNode().put("url", address);
            entry.set("request", JSON.readTree(body));
            entry.set("response", response);
            Files.writeString(aside, entry + "\n");
            Durable.sync(aside);
            Durable.rename(aside, file);
        } catch (IOException e) {
            throw refused("write", file, e);
        }
    }

    private Path file(String body) {
        String name = sha256(address + "\n" + body);
        return folder.resolve(name.substring(0, 2)).resolve(name + ".json");
    }

    private static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static UserError refused(String operation, Path path, IOException cause) {
        return new UserError(
                "Could not " + operation + " " + path + " (" + cause + "); check the free space and the permissions.",
                cause);
    }
}

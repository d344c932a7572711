package dev.flipside.hub;

import dev.flipside.run.Durable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The two hashes by which the Hub knows contents. */
final class Hashes {
    private static final int BUFFER_BYTES = 1 << 20;

    private Hashes() {}

    /** The hash of {@code file} of the kind that {@code hash} is of. */
    static String like(String hash, Path file) {
        return hash.length() == 64 ? sha256(file) : gitBlob(file);
    }

    static String sha256(String text) {
        return HexFormat.of().formatHex(digest("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** What git calls a content. */
    static String gitBlob(byte[] content) {
        MessageDigest digest = digest("SHA-1");
        digest.update(("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII));
        return HexFormat.of().formatHex(digest.digest(content));
    }

    static String sha256(Path file) {
        return hex(digest("SHA-256"), file);
    }

    /** What git calls a file: the SHA-1 of {@code "blob SIZE\0"} and the content. */
    static String gitBlob(Path file) {
        try {
            MessageDigest digest = digest("SHA-1");
            digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII));
            return hex(digest, file);
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
    }

    private static String hex(MessageDigest digest, Path file) {
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has " + algorithm, e);
        }
    }
}

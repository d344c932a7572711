package dev.flipside.run;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * What identifies a file's content.
 *
 * @param path as it was given
 * @param size in bytes
 * @param sha256 64 lower-case hexadecimal digits
 */
public record FileHash(String path, long size, String sha256) {
    private static final int BUFFER_BYTES = 1 << 20;

    /**
     * The hashes of a file, or of every regular file below a folder in the order of their paths. Files are streamed,
     * not held.
     *
     * @throws dev.flipside.config.UserError when it cannot be read
     */
    public static List<FileHash> of(Path path) {
        try (Stream<Path> files = Files.walk(path)) {
            return files.filter(Files::isRegularFile)
                    .sorted()
                    .map(file -> ofFile(file, file.toString()))
                    .toList();
        } catch (IOException e) {
            throw Durable.refused("read", path, e);
        }
    }

    static FileHash ofFile(Path file, String name) {
        MessageDigest digest = newSha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        long size = 0;
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
                size += read;
            }
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
        return new FileHash(name, size, HexFormat.of().formatHex(digest.digest()));
    }

    /**
     * A digest that has read the first {@code length} bytes of a file.
     *
     * @throws dev.flipside.config.UserError when it cannot be read, or is shorter
     */
    static MessageDigest digestOfStart(Path file, long length) {
        MessageDigest digest = newSha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            for (long left = length; left > 0; ) {
                int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
                if (read < 0) {
                    throw new EOFException("it has " + (length - left) + " bytes, not " + length);
                }
                digest.update(buffer, 0, read);
                left -= read;
            }
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
        return digest;
    }

    /** What a digest has come to, which goes on. */
    static String soFar(MessageDigest digest) {
        try {
            return HexFormat.of().formatHex(((MessageDigest) digest.clone()).digest());
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException("SHA-256 of every Java platform can be copied", e);
        }
    }

    public static String sha256(byte[] bytes) {
        return HexFormat.of().formatHex(newSha256().digest(bytes));
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}

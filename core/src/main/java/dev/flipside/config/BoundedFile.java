package dev.flipside.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Files that are read whole: a configuration, a template, a tokenizer. One that is too large for that is refused before
 * it fills the memory.
 */
public final class BoundedFile {
    /** The largest {@code tokenizer.json} that is published has 34 MB. */
    private static final int MAX_BYTES = 128 << 20;

    /** Characters of YAML: its reader takes time with the square of a quoted text's length. */
    public static final int MAX_YAML = 1_000_000;

    private BoundedFile() {}

    /**
     * The bytes of a file.
     *
     * @throws UserError when there are more than any file of its kind has
     */
    public static byte[] bytes(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new UserError(file + " has more than " + (MAX_BYTES >> 20)
                        + " MB, more than a file of its kind has: put the right file in its place.");
            }
            return bytes;
        }
    }

    /**
     * The text of a UTF-8 file.
     *
     * @throws java.nio.charset.CharacterCodingException when it is not UTF-8
     * @throws UserError as {@link #bytes}
     */
    public static String text(Path file) throws IOException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes(file)))
                .toString();
    }

    /**
     * The text of a YAML file.
     *
     * @throws UserError as {@link #bytes}, and when it has more than {@link #MAX_YAML} characters
     */
    public static String yaml(Path file) throws IOException {
        String yaml = text(file);
        if (yaml.length() > MAX_YAML) {
            throw new UserError(file + " has " + yaml.length() + " characters, and a configuration at most " + MAX_YAML
                    + ": put the right file in its place.");
        }
        return yaml;
    }
}

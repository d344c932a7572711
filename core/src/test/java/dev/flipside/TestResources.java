package dev.flipside;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** What lies under {@code src/test/resources} of core, by its name from there. */
public final class TestResources {
    private static final ObjectMapper JSON = new ObjectMapper();

    private TestResources() {}

    /** A file or folder; only for core's own tests, to which it is no part of a jar. */
    public static Path path(String name) {
        try {
            return Path.of(url(name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    public static JsonNode json(String name) {
        try {
            return JSON.readTree(url(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Copies a file, for tests of other modules, too. */
    public static void copy(String name, Path to) {
        try (InputStream in = url(name).openStream()) {
            Files.copy(in, to);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static URL url(String name) {
        return Objects.requireNonNull(TestResources.class.getResource("/" + name), name);
    }
}

package dev.flipside.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;

/** The files that {@code gguf/make_gguf.py} wrote with llama.cpp's converter, transformers and gguf-py. */
final class GgufFixtures {
    static final ObjectMapper JSON = new ObjectMapper();

    private GgufFixtures() {}

    static Path file(String name) {
        try {
            return Path.of(Objects.requireNonNull(GgufFixtures.class.getResource("/gguf/" + name), name)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static JsonNode json(String name) {
        try {
            return JSON.readTree(file(name).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static int[] ints(JsonNode array) {
        return JSON.convertValue(array, int[].class);
    }
}

package dev.flipside.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.TestResources;
import java.nio.file.Path;

/** The files that {@code gguf/make_gguf.py} wrote with llama.cpp's converter, transformers and gguf-py. */
final class GgufFixtures {
    static final ObjectMapper JSON = new ObjectMapper();

    private GgufFixtures() {}

    static Path file(String name) {
        return TestResources.path("gguf/" + name);
    }

    static JsonNode json(String name) {
        return TestResources.json("gguf/" + name);
    }

    static int[] ints(JsonNode array) {
        return JSON.convertValue(array, int[].class);
    }
}

package dev.flipside.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** The files of a model directory that belong to its tokenizer, held in memory so that a saved model gets them unchanged. */
public final class TokenizerFiles {
    private static final String TOKENIZER = "tokenizer.json";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    private static final String SPECIAL_TOKENS = "special_tokens_map.json";
    private static final List<String> NAMES = List.of(
            TOKENIZER,
            TOKENIZER_CONFIG,
            SPECIAL_TOKENS,
            "chat_template.jinja",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "tokenizer.model");

    private final Path directory;
    private final Map<String, byte[]> files;

    private TokenizerFiles(Path directory, Map<String, byte[]> files) {
        this.directory = directory;
        this.files = files;
    }

    static TokenizerFiles read(Path directory) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String name : NAMES) {
            Path file = directory.resolve(name);
            if (Files.exists(file)) {
                try {
                    files.put(name, Files.readAllBytes(file));
                } catch (IOException e) {
                    throw SafeTensors.unreadable(file, e);
                }
            }
        }
        return new TokenizerFiles(directory, files);
    }

    void save(Path target) {
        files.forEach((name, bytes) -> Json.writeBytes(target.resolve(name), bytes));
    }

    /** The ids of the special tokens that the tokenizer names, in the order pad, eos, bos, unk, then all other special tokens. */
    List<Integer> specialIds() {
        Map<String, Integer> added = addedTokens();
        List<Integer> ids = new ArrayList<>();
        object(TOKENIZER_CONFIG).ifPresent(config -> {
            for (String key : List.of("pad_token", "eos_token", "bos_token", "unk_token")) {
                Integer id = added.get(content(config.path(key)));
                if (id != null) {
                    ids.add(id);
                }
            }
        });
        added.values().stream().filter(id -> !ids.contains(id)).forEach(ids::add);
        return ids;
    }

    /** The size of all files together. */
    long bytes() {
        return files.values().stream().mapToLong(file -> file.length).sum();
    }

    /** The id of the padding token that the tokenizer names. */
    OptionalInt padId() {
        Map<String, Integer> added = addedTokens();
        return object(TOKENIZER_CONFIG)
                .map(config -> added.get(content(config.path("pad_token"))))
                .map(OptionalInt::of)
                .orElse(OptionalInt.empty());
    }

    /** Whether a directory has a tokenizer of its own. */
    static boolean in(Path directory) {
        return Files.exists(directory.resolve(TOKENIZER));
    }

    /**
     * The same files with another padding token, so that a tokenizer in transformers pads with the id that the model's configuration names. Unchanged when
     * the id is not one of the tokenizer's special tokens.
     */
    TokenizerFiles withPadToken(int id) {
        Optional<String> token = addedTokens().entrySet().stream()
                .filter(e -> e.getValue() == id)
                .map(Map.Entry::getKey)
                .findFirst();
        if (token.isEmpty()) {
            return this;
        }
        Map<String, byte[]> changed = new LinkedHashMap<>(files);
        for (String name : List.of(TOKENIZER_CONFIG, SPECIAL_TOKENS)) {
            object(name).ifPresent(config -> changed.put(name, withPadToken(config, token.get())));
        }
        return new TokenizerFiles(directory, changed);
    }

    private static byte[] withPadToken(ObjectNode config, String token) {
        config.put("pad_token", token);
        return Json.bytes(config);
    }

    /** Special tokens of tokenizer.json by content. */
    private Map<String, Integer> addedTokens() {
        Map<String, Integer> tokens = new LinkedHashMap<>();
        object(TOKENIZER).ifPresent(tokenizer -> {
            for (JsonNode token : tokenizer.path("added_tokens")) {
                if (token.path("special").asBoolean() && token.path("id").canConvertToInt()) {
                    tokens.put(token.path("content").asText(), token.path("id").intValue());
                }
            }
        });
        return tokens;
    }

    private Optional<ObjectNode> object(String name) {
        return Optional.ofNullable(files.get(name)).map(bytes -> Json.parse(directory.resolve(name), bytes));
    }

    /** A token is written as its text, or as an object with its text. */
    private static String content(JsonNode token) {
        return token.isObject() ? token.path("content").asText() : token.asText();
    }
}

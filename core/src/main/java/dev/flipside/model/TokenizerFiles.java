package dev.flipside.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.BoundedFile;
import dev.flipside.safetensors.Json;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.text.SpecialTokens;
import dev.flipside.text.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The files of a model directory that belong to its tokenizer, held in memory so that a saved model gets them
 * unchanged.
 */
final class TokenizerFiles {
    private static final String TOKENIZER = "tokenizer.json";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    private static final String SPECIAL_TOKENS = "special_tokens_map.json";
    private static final String TEMPLATE = "chat_template.jinja";
    private static final List<String> NAMES = List.of(
            TOKENIZER,
            TOKENIZER_CONFIG,
            SPECIAL_TOKENS,
            TEMPLATE,
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
                    files.put(name, BoundedFile.bytes(file));
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

    /**
     * The ids of the special tokens that the tokenizer names, in the order pad, eos, bos, unk, then all other special
     * tokens.
     */
    List<Integer> specialIds() {
        Map<String, Integer> special = specialTokens();
        SpecialTokens named = named();
        List<Integer> ids = new ArrayList<>();
        for (Optional<String> name : List.of(named.pad(), named.eos(), named.bos(), named.unk())) {
            name.map(special::get).filter(id -> !ids.contains(id)).ifPresent(ids::add);
        }
        special.values().stream().filter(id -> !ids.contains(id)).forEach(ids::add);
        return ids;
    }

    /** The size of all files together. */
    long bytes() {
        return files.values().stream().mapToLong(file -> file.length).sum();
    }

    /** The id of the padding token that the tokenizer names. */
    OptionalInt padId() {
        return named().pad().map(specialTokens()::get).map(OptionalInt::of).orElse(OptionalInt.empty());
    }

    /** The id of the end token that the tokenizer names. */
    OptionalInt eosId() {
        return named().eos()
                .filter(name -> files.containsKey(TOKENIZER))
                .map(name -> Tokenizer.tokenId(name, directory, files))
                .orElse(OptionalInt.empty());
    }

    /** Whether a directory has a tokenizer of its own. */
    static boolean in(Path directory) {
        return Files.exists(directory.resolve(TOKENIZER));
    }

    /**
     * The same files with another padding token, so that a tokenizer in transformers pads with the id that the model's
     * configuration names. Unchanged when the id is not one of the tokenizer's special tokens.
     */
    TokenizerFiles withPadToken(int id) {
        Optional<String> token = specialTokens().entrySet().stream()
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

    /**
     * The same files with another chat template: in the file that transformers reads first, and in
     * tokenizer_config.json where that holds one.
     */
    TokenizerFiles withChatTemplate(String jinja) {
        Map<String, byte[]> changed = new LinkedHashMap<>(files);
        changed.put(TEMPLATE, jinja.getBytes(StandardCharsets.UTF_8));
        object(TOKENIZER_CONFIG)
                .filter(config -> config.has("chat_template"))
                .ifPresent(config -> changed.put(TOKENIZER_CONFIG, Json.bytes(config.put("chat_template", jinja))));
        return new TokenizerFiles(directory, changed);
    }

    private static byte[] withPadToken(ObjectNode config, String token) {
        config.put("pad_token", token);
        return Json.bytes(config);
    }

    private SpecialTokens named() {
        return SpecialTokens.of(directory, files);
    }

    /** Special tokens by content, as the tokenizer knows them when it is loaded. */
    private Map<String, Integer> specialTokens() {
        return files.containsKey(TOKENIZER) ? Tokenizer.specialTokens(directory, files) : Map.of();
    }

    private Optional<ObjectNode> object(String name) {
        return Optional.ofNullable(files.get(name)).map(bytes -> Json.parse(directory.resolve(name), bytes));
    }
}

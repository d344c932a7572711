package dev.flipside.text;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.BoundedFile;
import dev.flipside.config.IoReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The special tokens a model directory names, by their text, as transformers (5.17) reads them:
 * {@code tokenizer_config.json}; where that has no {@code added_tokens_decoder}, {@code special_tokens_map.json} stands
 * before it. Either file may hold a plain string or an AddedToken object ({@code {"content": ...}}), as transformers
 * writes both.
 *
 * @param others further names, such as {@code sep_token}, that templates may read
 */
public record SpecialTokens(
        Optional<String> bos,
        Optional<String> eos,
        Optional<String> pad,
        Optional<String> unk,
        Map<String, String> others) {

    /** What transformers calls them in files and in templates, in its order. */
    static final List<String> NAMES =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    /** The key of {@code tokenizer_config.json} with tokens by their ids, and the older file of the same purpose. */
    static final String DECODER = "added_tokens_decoder";

    static final String ADDED = "added_tokens.json";

    private static final List<String> OTHERS = List.of("sep_token", "cls_token", "mask_token");

    /** Nothing named: what a directory without either file has. */
    public static final SpecialTokens NONE =
            new SpecialTokens(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    /** The four that models have. */
    public SpecialTokens(Optional<String> bos, Optional<String> eos, Optional<String> pad, Optional<String> unk) {
        this(bos, eos, pad, unk, Map.of());
    }

    /**
     * Reads the names from a model directory; missing files name nothing.
     *
     * @throws UserError when a file is there and is not a JSON object, or one of its keys has another type
     */
    public static SpecialTokens load(Path modelDir) {
        return of(
                readObject(modelDir.resolve("tokenizer_config.json")),
                readObject(modelDir.resolve("special_tokens_map.json")));
    }

    /** The same of files whose bytes are held, by name. */
    public static SpecialTokens of(Path modelDir, Map<String, byte[]> files) {
        return of(parsed(modelDir, "tokenizer_config.json", files), parsed(modelDir, "special_tokens_map.json", files));
    }

    /** The same of the two files' objects; an empty object where there is no file. */
    static SpecialTokens of(JsonNode config, JsonNode map) {
        Map<String, String> named = new LinkedHashMap<>();
        NAMES.forEach(name -> text(named(name, config, map)).ifPresent(text -> named.put(name, text)));
        Map<String, String> others = new LinkedHashMap<>(named);
        others.keySet().retainAll(OTHERS);
        return new SpecialTokens(
                Optional.ofNullable(named.get("bos_token")),
                Optional.ofNullable(named.get("eos_token")),
                Optional.ofNullable(named.get("pad_token")),
                Optional.ofNullable(named.get("unk_token")),
                Collections.unmodifiableMap(others));
    }

    /** What stands for a name, a text or an object with flags. */
    static JsonNode named(String name, JsonNode config, JsonNode map) {
        return map.has(name) && !config.has(DECODER) ? map.get(name) : config.path(name);
    }

    /** The text of a token that is written as one or as an object with it. */
    static Optional<String> text(JsonNode token) {
        return Optional.ofNullable((token.isObject() ? token.path("content") : token).textValue());
    }

    /** The file's JSON object, or an empty one where there is no file. */
    static JsonNode readObject(Path file) {
        if (!Files.isRegularFile(file)) {
            return StrictJson.MAPPER.createObjectNode();
        }
        try {
            return object(file, StrictJson.MAPPER.readTree(BoundedFile.bytes(file)));
        } catch (IOException e) {
            throw notJson(file, e);
        }
    }

    /** The object of a file whose bytes are held. */
    static JsonNode parsed(Path directory, String name, Map<String, byte[]> files) {
        if (!files.containsKey(name)) {
            return StrictJson.MAPPER.createObjectNode();
        }
        Path file = directory.resolve(name);
        try {
            return object(file, StrictJson.MAPPER.readTree(files.get(name)));
        } catch (IOException e) {
            throw notJson(file, e);
        }
    }

    private static UserError notJson(Path file, IOException e) {
        return new UserError(
                file + " cannot be read as JSON (" + IoReason.of(e) + "): copy the model directory again.", e);
    }

    private static JsonNode object(Path file, JsonNode node) {
        if (!node.isObject()) {
            throw new UserError(file + " is not a JSON object: copy the model directory again.");
        }
        SpecialTokensSchema.require(file, node);
        return node;
    }

    static String firstLine(Throwable e) {
        if (e instanceof IOException io) {
            return IoReason.of(io);
        }
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return message.lines().findFirst().orElse(e.getClass().getSimpleName());
    }
}

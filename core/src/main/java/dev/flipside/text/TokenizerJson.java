package dev.flipside.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.BoundedFile;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A tokenizer.json with the tokens that transformers (5.17, {@code TokenizersBackend}) adds when it loads a directory,
 * so that both give the same ids and drop the same tokens from decoded texts. It goes one of two ways.
 *
 * <ul>
 *   <li>Where tokenizer_config.json has {@code added_tokens_decoder}: the tokens listed there are added, or give their
 *       flags to those that are there; one that is named ({@code eos_token} and its like) is special whatever its flags
 *       say.
 *   <li>Where it has none: the tokens of added_tokens.json are added, and the added tokens of tokenizer.json that are
 *       named are special.
 * </ul>
 *
 * <p>Then come the named and additional special tokens that are no added tokens yet. A token that is special in one
 * place stays so. {@code add_bos_token} and {@code add_eos_token} change nothing, as there: what stands around a text
 * is tokenizer.json's own business.
 */
final class TokenizerJson {
    private static final List<String> UNUSED = List.of("truncation", "padding");
    static final List<String> FLAGS = List.of("single_word", "lstrip", "rstrip", "normalized", "special");

    private final Files files;
    private final ObjectNode json;
    private final Map<String, ObjectNode> present = new LinkedHashMap<>();
    private final Map<String, Integer> vocabulary;
    private int next;
    private boolean changed;

    private TokenizerJson(Files files, ObjectNode json) {
        this.files = files;
        this.json = json;
        this.vocabulary = vocabulary(json);
        this.next = vocabulary.size();
    }

    /**
     * A tokenizer's files, which need not be on the disk any more; objects are empty where there is no file.
     *
     * @param directory where they were
     */
    record Files(Path directory, byte[] tokenizer, JsonNode config, JsonNode specialTokensMap, JsonNode addedTokens) {
        static Files read(Path directory) throws IOException {
            return new Files(
                    directory,
                    BoundedFile.bytes(directory.resolve("tokenizer.json")),
                    SpecialTokens.readObject(directory.resolve("tokenizer_config.json")),
                    SpecialTokens.readObject(directory.resolve("special_tokens_map.json")),
                    SpecialTokens.readObject(directory.resolve(SpecialTokens.ADDED)));
        }
    }

    /** What is handed to the native library, and the same as a tree. */
    record Content(byte[] bytes, JsonNode tree) {}

    /** @throws UserError when the files contradict each other */
    static Content complete(Files files) throws IOException {
        byte[] bytes = files.tokenizer();
        // A key that stands twice would be one value to us and another to the native library.
        JsonNode tree = StrictJson.MAPPER.readTree(bytes);
        if (!(tree instanceof ObjectNode json) || !json.path("model").isObject()) {
            return new Content(bytes, tree); // the native library says what is wrong with it
        }
        TokenizerJson tokenizer = new TokenizerJson(files, json);
        tokenizer.refuseSplitting();
        tokenizer.nameType();
        TokenizerCheck.require(files.directory().resolve("tokenizer.json"), json);
        tokenizer.addTokens();
        tokenizer.removeUnused();
        return new Content(tokenizer.changed ? StrictJson.MAPPER.writeValueAsBytes(json) : bytes, json);
    }

    /**
     * Old files do not name the model's type; the native library tries one after the other, so that a damaged one of
     * BPE would be taken for one of words.
     */
    private void nameType() {
        ObjectNode model = (ObjectNode) json.get("model");
        if (model.has("type")) {
            return;
        }
        String type = model.has("merges")
                ? "BPE"
                : model.path("vocab").isArray()
                        ? "Unigram"
                        : model.has("max_input_chars_per_word") ? "WordPiece" : "WordLevel";
        model.put("type", type);
        changed = true;
    }

    private void refuseSplitting() {
        if (files.config().path("split_special_tokens").asBoolean()) {
            throw new UserError(
                    files.directory().resolve("tokenizer_config.json")
                            + ": split_special_tokens is true, which would take the special tokens of a chat template apart; remove that key.");
        }
    }

    /** Both are switched off after loading, and are not to fail before. */
    private void removeUnused() {
        for (String key : UNUSED) {
            changed |= !json.path(key).isNull() && json.remove(key) != null;
        }
    }

    private void addTokens() {
        for (JsonNode token : json.withArray("added_tokens")) {
            present.put(token.path("content").asText(), (ObjectNode) token);
            next = Math.max(next, token.path("id").asInt() + 1);
        }
        Map<String, ObjectNode> named = named();
        for (ObjectNode token : listed().values()) {
            if (named.containsKey(token.path("content").asText())) {
                token.put("special", true);
            }
            add(token);
        }
        named.values().forEach(this::addIfAbsent);
        extra().forEach(this::addIfAbsent);
    }

    /** By id, what one of the two ways adds or changes. */
    private Map<Integer, ObjectNode> listed() {
        Map<Integer, ObjectNode> byId = new TreeMap<>();
        if (files.config().has(SpecialTokens.DECODER)) {
            files.config().path(SpecialTokens.DECODER).properties().forEach(entry -> {
                int id = Integer.parseInt(entry.getKey());
                byId.put(id, ((ObjectNode) entry.getValue()).deepCopy().put("id", id));
            });
            return byId;
        }
        Map<String, ObjectNode> named = named();
        files.addedTokens().properties().forEach(entry -> {
            if (!present.containsKey(entry.getKey())) {
                ObjectNode token =
                        plain(entry.getKey()).put("id", entry.getValue().intValue());
                boolean special = named.containsKey(entry.getKey());
                byId.put(
                        entry.getValue().intValue(),
                        token.put("special", special).put("normalized", !special));
            }
        });
        present.values().forEach(token -> byId.put(token.path("id").asInt(), token.deepCopy()));
        return byId;
    }

    private void add(ObjectNode token) {
        ObjectNode held = present.get(token.path("content").asText());
        if (held == null) {
            append(token);
            return;
        }
        for (String flag : FLAGS) {
            boolean was = held.path(flag).asBoolean();
            boolean is = token.path(flag).asBoolean() || flag.equals("special") && was;
            if (token.has(flag) && was != is) {
                held.put(flag, is);
                changed = true;
            }
        }
    }

    private void addIfAbsent(ObjectNode token) {
        if (!present.containsKey(token.path("content").asText())) {
            append(token);
        }
    }

    private void append(ObjectNode token) {
        String content = token.path("content").asText();
        int id = vocabulary.getOrDefault(content, next);
        next = Math.max(next, id + 1);
        requireId(token, id);
        token.put("id", id);
        ((ArrayNode) json.get("added_tokens")).add(token);
        present.put(content, token);
        changed = true;
    }

    private void requireId(ObjectNode token, int id) {
        if (token.has("id") && token.get("id").asInt() != id) {
            boolean decoder = files.config().has(SpecialTokens.DECODER);
            throw new UserError(
                    files.directory().resolve(decoder ? "tokenizer_config.json" : SpecialTokens.ADDED) + ": "
                            + (decoder ? SpecialTokens.DECODER + " " : "") + "gives '"
                            + token.path("content").asText() + "' the id "
                            + token.get("id") + ", but behind the tokens of "
                            + files.directory().resolve("tokenizer.json") + " it becomes " + id
                            + ", which another row of the embedding belongs to; save the tokenizer again in transformers.");
        }
    }

    /** Tokens with a name: the usual ones, then a model's own such as {@code image_token}. */
    private Map<String, ObjectNode> named() {
        Map<String, ObjectNode> named = new LinkedHashMap<>();
        SpecialTokens.NAMES.forEach(
                name -> put(named, SpecialTokens.named(name, files.config(), files.specialTokensMap()), true));
        files.config().properties().forEach(entry -> {
            if (entry.getKey().endsWith("_token") && !SpecialTokens.NAMES.contains(entry.getKey())) {
                put(named, entry.getValue(), true);
            }
        });
        if (files.config().path("extra_special_tokens").isObject()) {
            files.config().path("extra_special_tokens").forEach(token -> put(named, token, true));
        }
        return named;
    }

    private List<ObjectNode> extra() {
        Map<String, ObjectNode> extra = new LinkedHashMap<>();
        for (String key : List.of("extra_special_tokens", "additional_special_tokens")) {
            JsonNode tokens = SpecialTokens.named(key, files.config(), files.specialTokensMap());
            if (tokens.isArray()) {
                tokens.forEach(token -> put(extra, token, false));
            }
        }
        return List.copyOf(extra.values());
    }

    /** A plain text is special; an object says itself what it is, but a token with a name is special all the same. */
    private static void put(Map<String, ObjectNode> tokens, JsonNode token, boolean named) {
        SpecialTokens.text(token).ifPresent(content -> {
            ObjectNode special = plain(content).put("special", named || token.isTextual());
            FLAGS.stream().filter(flag -> token.path(flag).asBoolean()).forEach(flag -> special.put(flag, true));
            tokens.putIfAbsent(content, special);
        });
    }

    private static ObjectNode plain(String content) {
        ObjectNode token = StrictJson.MAPPER.createObjectNode().put("content", content);
        FLAGS.forEach(flag -> token.put(flag, false));
        return token;
    }

    /** The model's own tokens, added ones aside, by what they are written as. */
    static Map<String, Integer> vocabulary(JsonNode json) {
        Map<String, Integer> ids = new HashMap<>();
        JsonNode vocabulary = json.path("model").path("vocab");
        if (vocabulary.isArray()) { // Unigram: [token, log-probability] in order of id
            for (int id = 0; id < vocabulary.size(); id++) {
                ids.put(vocabulary.get(id).path(0).asText(), id);
            }
        } else {
            vocabulary
                    .fields()
                    .forEachRemaining(
                            entry -> ids.put(entry.getKey(), entry.getValue().asInt()));
        }
        return ids;
    }
}

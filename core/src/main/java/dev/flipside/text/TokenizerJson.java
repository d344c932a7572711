package dev.flipside.text;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.BoundedFile;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A tokenizer.json with the tokens that transformers (5.17, {@code TokenizersBackend}) adds when it loads a directory, so that both give the same ids: those that
 * tokenizer_config.json lists in {@code added_tokens_decoder}, names as special tokens or in {@code additional_special_tokens}, and that tokenizer.json does not hold
 * as added tokens or holds with other flags. {@code add_bos_token} and {@code add_eos_token} change nothing, as there: what stands around a text is tokenizer.json's
 * own business.
 */
final class TokenizerJson {
    /** A key that stands twice would be one value to us and another to the native library. */
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private static final List<String> UNUSED = List.of("truncation", "padding");
    private static final List<String> FLAGS = List.of("single_word", "lstrip", "rstrip", "normalized", "special");

    private final Path file;
    private final ObjectNode json;
    private final JsonNode config;
    private final SpecialTokens specialTokens;
    private boolean changed;

    private TokenizerJson(Path file, ObjectNode json, JsonNode config, SpecialTokens specialTokens) {
        this.file = file;
        this.json = json;
        this.config = config;
        this.specialTokens = specialTokens;
    }

    /** What is handed to the native library, and the same as a tree. */
    record Content(byte[] bytes, JsonNode tree) {}

    /** @throws UserError when the two files contradict each other */
    static Content read(Path modelDir, SpecialTokens specialTokens) throws IOException {
        Path file = modelDir.resolve("tokenizer.json");
        byte[] bytes = BoundedFile.bytes(file);
        JsonNode tree = JSON.readTree(bytes);
        if (!(tree instanceof ObjectNode json) || !json.path("model").isObject()) {
            return new Content(bytes, tree); // the native library says what is wrong with it
        }
        JsonNode config = SpecialTokens.readObject(modelDir.resolve("tokenizer_config.json"));
        TokenizerJson tokenizer = new TokenizerJson(file, json, config, specialTokens);
        tokenizer.refuseSplitting();
        TokenizerCheck.require(file, json);
        tokenizer.addTokens();
        tokenizer.removeUnused();
        return tokenizer.changed ? new Content(JSON.writeValueAsBytes(json), json) : new Content(bytes, json);
    }

    private void refuseSplitting() {
        if (config.path("split_special_tokens").asBoolean()) {
            throw new UserError(
                    file.resolveSibling("tokenizer_config.json")
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
        Map<String, Integer> vocabulary = vocabulary(json);
        Map<String, ObjectNode> present = new HashMap<>();
        int next = vocabulary.size();
        for (JsonNode token : json.withArray("added_tokens")) {
            present.put(token.path("content").asText(), (ObjectNode) token);
            next = Math.max(next, token.path("id").asInt() + 1);
        }
        for (ObjectNode token : wanted()) {
            String content = token.path("content").asText();
            ObjectNode held = present.get(content);
            if (held != null) {
                takeFlags(held, token);
                continue;
            }
            int id = vocabulary.getOrDefault(content, next);
            next = Math.max(next, id + 1);
            requireId(token, id);
            token.put("id", id);
            ((ArrayNode) json.get("added_tokens")).add(token);
            present.put(content, token);
            changed = true;
        }
    }

    private void takeFlags(ObjectNode held, ObjectNode token) {
        for (String flag : FLAGS) {
            if (token.has(flag)
                    && held.path(flag).asBoolean() != token.path(flag).asBoolean()) {
                held.put(flag, token.path(flag).asBoolean());
                changed = true;
            }
        }
    }

    private void requireId(ObjectNode token, int id) {
        if (token.has("id") && token.get("id").asInt() != id) {
            throw new UserError(file.resolveSibling("tokenizer_config.json") + ": added_tokens_decoder gives '"
                    + token.path("content").asText() + "' the id " + token.get("id") + ", but behind the tokens of "
                    + file
                    + " it becomes " + id
                    + ", which another row of the embedding belongs to; save the tokenizer again in transformers.");
        }
    }

    /** In the order in which transformers adds them. */
    private List<ObjectNode> wanted() {
        Map<Integer, ObjectNode> byId = new TreeMap<>();
        config.path("added_tokens_decoder").fields().forEachRemaining(entry -> {
            if (entry.getValue() instanceof ObjectNode token && entry.getKey().matches("\\d{1,9}")) {
                byId.put(
                        Integer.parseInt(entry.getKey()), token.deepCopy().put("id", Integer.parseInt(entry.getKey())));
            }
        });
        List<ObjectNode> wanted = new ArrayList<>(byId.values());
        List<Optional<String>> named = new ArrayList<>(
                List.of(specialTokens.bos(), specialTokens.eos(), specialTokens.unk(), specialTokens.pad()));
        config.path("additional_special_tokens")
                .forEach(token -> named.add(Optional.of(token.path("content").asText(token.asText()))));
        named.stream().flatMap(Optional::stream).forEach(content -> wanted.add(special(content)));
        return wanted;
    }

    /** As transformers makes a token of a plain name; flags of a token that is there already stay. */
    private ObjectNode special(String content) {
        boolean there = false;
        for (JsonNode token : json.withArray("added_tokens")) {
            there |= token.path("content").asText().equals(content);
        }
        ObjectNode token = JSON.createObjectNode().put("content", content);
        if (!there) {
            FLAGS.forEach(flag -> token.put(flag, flag.equals("special")));
        }
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

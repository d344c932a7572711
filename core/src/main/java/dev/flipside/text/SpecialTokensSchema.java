package dev.flipside.text;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import java.nio.file.Path;
import java.util.List;

/**
 * The types of what {@code tokenizer_config.json}, {@code special_tokens_map.json} and {@code added_tokens.json} say
 * about tokens. A name with another type, which transformers ends at too, would otherwise count as missing: a model
 * that lost its end token would write on.
 */
final class SpecialTokensSchema {
    private static final List<String> LISTS = List.of("additional_special_tokens", "extra_special_tokens");
    private static final List<String> SWITCHES =
            List.of("split_special_tokens", "clean_up_tokenization_spaces", "add_bos_token", "add_eos_token");

    private static final String REMEDY = "; save the tokenizer again in transformers.";

    private final Path file;

    private SpecialTokensSchema(Path file) {
        this.file = file;
    }

    /** @throws UserError naming the first key whose value has another type */
    static void require(Path file, JsonNode object) {
        SpecialTokensSchema schema = new SpecialTokensSchema(file);
        if (file.endsWith(SpecialTokens.ADDED)) {
            object.properties().forEach(entry -> {
                if (!TokenizerSchema.isId(entry.getValue())) {
                    throw schema.wrong("'" + entry.getKey() + "'", entry.getValue(), "a token's id");
                }
            });
            return;
        }
        SpecialTokens.NAMES.forEach(name -> schema.token(name, object.path(name), true));
        LISTS.forEach(key -> schema.list(key, object.path(key)));
        SWITCHES.forEach(key -> schema.flag(key, object.path(key), true));
        JsonNode decoder = object.path(SpecialTokens.DECODER);
        if (!decoder.isMissingNode() && !decoder.isObject()) {
            throw schema.wrong(SpecialTokens.DECODER, decoder, "an object of tokens by their ids");
        }
        decoder.properties().forEach(entry -> {
            String key = SpecialTokens.DECODER + "." + entry.getKey();
            if (!entry.getKey().matches("\\d{1,9}")) {
                throw new UserError(file + ": " + SpecialTokens.DECODER + " has the key '"
                        + TokenizerSchema.shortened(entry.getKey()) + "', which is no token's id" + REMEDY);
            }
            if (!entry.getValue().isObject()) {
                throw schema.wrong(key, entry.getValue(), "an object that describes a token");
            }
            schema.token(key, entry.getValue(), false);
        });
    }

    private void list(String key, JsonNode list) {
        boolean names = list.isObject() && key.equals("extra_special_tokens");
        if (!list.isMissingNode() && !list.isNull() && !list.isArray() && !names) {
            throw wrong(key, list, "a list of tokens");
        }
        list.forEach(token -> token(key, token, false));
    }

    private void token(String key, JsonNode token, boolean optional) {
        if (token.isTextual() || optional && (token.isMissingNode() || token.isNull())) {
            return;
        }
        if (!token.path("content").isTextual()) {
            throw wrong(key, token, "a token's text or an object with its content");
        }
        TokenizerJson.FLAGS.forEach(flag -> flag(key + "." + flag, token.path(flag), false));
    }

    private void flag(String key, JsonNode value, boolean nullable) {
        if (!value.isMissingNode() && !value.isBoolean() && !(nullable && value.isNull())) {
            throw wrong(key, value, "true or false");
        }
    }

    private UserError wrong(String key, JsonNode value, String wanted) {
        return new UserError(file + ": " + key + " is " + TokenizerSchema.shown(value) + ", not " + wanted + REMEDY);
    }
}

package dev.flipside.text;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import dev.flipside.text.TokenizerSchema.Section;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Refuses a tokenizer.json that the native library would answer by ending the process, at once or when it encodes some
 * text, or that would keep it busy without end: a model from elsewhere is not to be trusted. What the library tells as
 * an error of its own is left to it.
 */
final class TokenizerCheck {
    private static final int MAX_COMPONENTS = 200;
    private static final int MAX_DEPTH = 20;
    /** By how much the parts of one section together may lengthen a text. */
    private static final double MAX_GROWTH = 100_000;
    /** Characters of an added token; the native search automaton takes time with the square of it. */
    private static final int MAX_ADDED_LENGTH = 1_000;

    private static final int MAX_ADDED_TOKENS = 100_000;
    private static final int MAX_TOKEN_LENGTH = 10_000;
    /** Bytes of a Unigram token; the library frees their tree one stack frame a byte. */
    private static final int MAX_UNIGRAM_LENGTH = 1_000;

    private static final int MAX_AFFIX = 100;
    private static final int MAX_WORD = 1_000;

    private final Path file;
    private final JsonNode json;

    private TokenizerCheck(Path file, JsonNode json) {
        this.file = file;
        this.json = json;
    }

    /** @throws UserError naming the key */
    static void require(Path file, JsonNode json) {
        TokenizerCheck check = new TokenizerCheck(file, json);
        for (Section section : Section.values()) {
            check.section(section);
        }
        check.addedTokens();
        check.model(json.path("model"));
    }

    private UserError error(String what) {
        return new UserError(file + ": " + what
                + "; the tokenizer library cannot be given that: save the tokenizer again in transformers.");
    }

    private void section(Section section) {
        JsonNode root = json.path(section.key());
        if (root.isMissingNode() || root.isNull()) {
            return;
        }
        List<JsonNode> parts = new ArrayList<>();
        flatten(section, root, section.key(), 0, parts);
        double growth = 1;
        for (JsonNode part : parts) {
            growth *= growth(section, part);
        }
        if (growth > MAX_GROWTH) {
            throw error(section.key() + " makes a text more than " + (long) MAX_GROWTH + " times as long");
        }
        if (section == Section.POST_PROCESSOR) {
            templates(parts);
        }
    }

    private void flatten(Section section, JsonNode component, String where, int depth, List<JsonNode> into) {
        if (!component.path("type").asText().equals("Sequence")) {
            section.fault(component).ifPresent(fault -> {
                throw error(where + fault);
            });
            into.add(component);
            return;
        }
        JsonNode list = component.path(section.list());
        boolean plain = component.size() == 2 && list.isArray();
        if (!plain || depth >= MAX_DEPTH || into.size() + list.size() > MAX_COMPONENTS) {
            throw error(where + " is not a list of at most " + MAX_COMPONENTS + " " + section.list()
                    + " nested at most " + MAX_DEPTH + " deep");
        }
        for (int i = 0; i < list.size(); i++) {
            flatten(section, list.get(i), where + "." + section.list() + "[" + i + "]", depth + 1, into);
        }
    }

    /** How many times as long a part may make a text. */
    private double growth(Section section, JsonNode part) {
        return switch (part.path("type").asText()) {
            case "Replace" -> replacement(section, part);
            case "Split" -> {
                cost(section, part.path("pattern"));
                yield 1;
            }
            case "Precompiled" -> charsmap(part.path("precompiled_charsmap").asText());
            case "ByteLevel" -> section == Section.NORMALIZER ? 2 : 1;
            case "BPEDecoder" -> part.path("suffix").asText().isEmpty() ? 2 : 1;
            default -> 1;
        };
    }

    private double replacement(Section section, JsonNode part) {
        JsonNode pattern = part.path("pattern");
        boolean nullable = cost(section, pattern);
        if (nullable && section == Section.NORMALIZER) {
            throw error("a Replace of the normalizer has the pattern " + TokenizerSchema.shown(pattern)
                    + ", which matches where there is nothing");
        }
        double content = utf8(part.path("content").asText());
        double taken =
                pattern.has("String") ? Math.max(1, utf8(pattern.path("String").asText())) : 1;
        return Math.max(1, content / taken + (nullable ? 1 : 0));
    }

    private static int utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Whether a pattern matches the empty text, once it is known not to take too long. */
    private boolean cost(Section section, JsonNode pattern) {
        if (pattern.has("String")) {
            return pattern.path("String").asText().isEmpty();
        }
        try {
            return PatternCost.of(pattern.path("Regex").asText()).nullable();
        } catch (PatternCost.Refused e) {
            throw error(section.key() + " has the regular expression " + TokenizerSchema.shown(pattern.path("Regex"))
                    + ", which " + e.getMessage());
        }
    }

    private double charsmap(String base64) {
        try {
            return Math.max(1, Charsmap.longestReplacement(base64));
        } catch (IllegalArgumentException e) {
            throw error("normalizer has a precompiled_charsmap that cannot be read (" + e.getMessage() + ")");
        }
    }

    /**
     * The library looks special tokens up without a test, and knows one or two sequences only, not the pieces that a
     * template leaves.
     */
    private void templates(List<JsonNode> parts) {
        int templates = 0;
        for (JsonNode part : parts) {
            if (!part.path("type").asText().equals("TemplateProcessing")) {
                continue;
            }
            if (++templates > 1) {
                throw error("post_processor has more than one TemplateProcessing");
            }
            boolean hasText = false;
            for (JsonNode piece : part.path("single")) {
                String id = piece.path(piece.has("Sequence") ? "Sequence" : "SpecialToken")
                        .path("id")
                        .asText();
                if (!piece.has("Sequence") && !part.path("special_tokens").has(id)) {
                    throw error("post_processor.single names the special token '" + TokenizerSchema.shortened(id)
                            + "', which post_processor.special_tokens lacks");
                } else if (piece.has("Sequence") && id.equals("B")) {
                    throw error("post_processor.single names the sequence B, which a single text does not have");
                }
                hasText |= piece.has("Sequence");
            }
            if (!hasText) {
                throw error("post_processor.single leaves the text out");
            }
        }
    }

    private void addedTokens() {
        JsonNode tokens = json.path("added_tokens");
        if (tokens.isMissingNode()) {
            return;
        }
        if (!tokens.isArray() || tokens.size() > MAX_ADDED_TOKENS) {
            throw error("added_tokens is not a list of at most " + MAX_ADDED_TOKENS + " tokens");
        }
        boolean right = false;
        for (int i = 0; i < tokens.size(); i++) {
            JsonNode token = tokens.get(i);
            String where = "added_tokens[" + i + "]";
            if (!TokenizerSchema.isText(token.path("content"), MAX_ADDED_LENGTH)) {
                throw error(where + ".content is " + TokenizerSchema.shown(token.path("content"))
                        + ", not a text of at most " + MAX_ADDED_LENGTH + " characters");
            } else if (!TokenizerSchema.isId(token.path("id"))) {
                throw error(where + ".id is " + TokenizerSchema.shown(token.path("id")) + ", not the id of a token");
            }
            right |= token.path("rstrip").asBoolean();
        }
        for (JsonNode token : tokens) {
            // White space that one token takes on its right and another begins with is cut with a negative length.
            String content = token.path("content").asText();
            boolean begins = content.isBlank() || Character.isWhitespace(content.codePointAt(0));
            boolean rewritten = token.path("normalized").asBoolean()
                    && json.path("normalizer").isObject();
            if (right && token.path("lstrip").asBoolean() && (begins || rewritten)) {
                throw error("the added token '" + TokenizerSchema.shortened(content)
                        + "' takes white space on its left that another takes on its right");
            }
        }
    }

    private void model(JsonNode model) {
        JsonNode vocabulary = model.path("vocab");
        if (vocabulary.isArray()) {
            for (JsonNode entry : vocabulary) {
                if (!TokenizerSchema.isText(entry.path(0), MAX_UNIGRAM_LENGTH)) {
                    throw error("model.vocab has the entry " + TokenizerSchema.shown(entry)
                            + ", not a token of at most " + MAX_UNIGRAM_LENGTH + " characters and its score");
                }
            }
        } else {
            for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
                if (!TokenizerSchema.isId(entry.getValue()) || entry.getKey().length() > MAX_TOKEN_LENGTH) {
                    throw error("model.vocab gives '" + TokenizerSchema.shortened(entry.getKey()) + "' the id "
                            + TokenizerSchema.shown(entry.getValue()) + ", which no token can have");
                }
            }
        }
        affixes(model);
        JsonNode word = model.path("max_input_chars_per_word");
        if (!word.isMissingNode() && !(word.canConvertToInt() && word.asInt() <= MAX_WORD)) {
            throw error("model.max_input_chars_per_word is " + TokenizerSchema.shown(word) + ", more than " + MAX_WORD);
        }
        JsonNode dropout = model.path("dropout");
        if (dropout.isNumber() && dropout.asDouble() != 0) {
            throw error("model.dropout is " + dropout + ", which would give other tokens each time");
        }
    }

    private void affixes(JsonNode model) {
        for (String key : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            if (model.path(key).asText().length() > MAX_AFFIX) {
                throw error("model." + key + " has more than " + MAX_AFFIX + " characters");
            }
        }
        String prefix = model.path("continuing_subword_prefix").isTextual()
                ? model.path("continuing_subword_prefix").asText()
                : "";
        if (prefix.isEmpty()) {
            return;
        }
        for (JsonNode merge : model.path("merges")) {
            String text = merge.isTextual() ? merge.asText() : "";
            String second = merge.isTextual()
                    ? text.substring(text.lastIndexOf(' ') + 1)
                    : merge.path(1).asText();
            if (!second.startsWith(prefix)) {
                throw error("model.merges joins '" + TokenizerSchema.shortened(second)
                        + "', which does not begin with the continuing_subword_prefix");
            }
        }
    }
}

package dev.flipside.text;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.Spelling;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What the components of a tokenizer.json may hold: every type that the native library (tokenizers 0.21.4; the format
 * is that of 0.23.1 too) knows, with its keys. The library tells some mistakes by ending the process, so whatever is
 * not listed here is not handed to it.
 */
final class TokenizerSchema {
    /** Characters of a text within a component. */
    private static final int MAX_TEXT = 1_000;

    private static final int MAX_CHARSMAP = 16_000_000;
    private static final int MAX_LIST = 1_000;
    private static final long MAX_ID = Integer.MAX_VALUE - 1;

    private TokenizerSchema() {}

    /** The four places where components stand. */
    enum Section {
        NORMALIZER("normalizers", Components.NORMALIZERS),
        PRE_TOKENIZER("pretokenizers", Components.PRE_TOKENIZERS),
        POST_PROCESSOR("processors", Components.POST_PROCESSORS),
        DECODER("decoders", Components.DECODERS);

        private final String list;
        private final Map<String, List<Key>> types;

        Section(String list, Map<String, List<Key>> types) {
            this.list = list;
            this.types = types;
        }

        /** The key of tokenizer.json. */
        String key() {
            return Spelling.of(this);
        }

        /** The key under which a {@code Sequence} holds its parts. */
        String list() {
            return list;
        }

        /** What is wrong with a component that is no {@code Sequence}; nothing when all is well. */
        Optional<String> fault(JsonNode component) {
            String type = component.path("type").asText();
            List<Key> keys = types.get(type);
            if (keys == null || !component.path("type").isTextual()) {
                return Optional.of(".type is " + shown(component.path("type"))
                        + ", which is none of the types that are known here");
            }
            for (var entry : component.properties()) {
                String name = entry.getKey();
                boolean known = name.equals("type")
                        || keys.stream().anyMatch(key -> key.name().equals(name));
                if (!known) {
                    return Optional.of("." + name + " is no key of a " + type);
                }
            }
            return keys.stream()
                    .map(key -> key.fault(component).map(fault -> "." + key.name() + " " + fault))
                    .flatMap(Optional::stream)
                    .findFirst();
        }
    }

    /** What stands behind a key. */
    private enum Kind {
        BOOL("true or false"),
        CHARACTER("one character"),
        TEXT("a text of at most " + MAX_TEXT + " characters"),
        WRITTEN_TEXT("a text of 1 to " + MAX_TEXT + " characters"),
        CHARSMAP("a precompiled charsmap in base 64"),
        COUNT("a whole number from 0 to " + MAX_TEXT),
        LENGTH("a whole number from 1 to 1000000"),
        ZERO("0, since the library fails at other values"),
        BEHAVIOR("one of " + BEHAVIORS),
        SCHEME("one of " + SCHEMES),
        PATTERN("an object with one key, 'String' or 'Regex'"),
        TOKEN_AND_ID("a list of a token and its id"),
        PIECES("a list of objects with one key, 'Sequence' or 'SpecialToken', that hold an id and a type_id"),
        TOKENS("an object of objects that hold an id, and ids and tokens in equal number");

        private final String wanted;

        Kind(String wanted) {
            this.wanted = wanted;
        }

        private boolean fits(JsonNode value) {
            return switch (this) {
                case BOOL -> value.isBoolean();
                case CHARACTER ->
                    isText(value, 2)
                            && value.asText().codePointCount(0, value.asText().length()) == 1;
                case TEXT -> isText(value, MAX_TEXT);
                case WRITTEN_TEXT -> isText(value, MAX_TEXT) && !value.asText().isEmpty();
                case CHARSMAP -> isText(value, MAX_CHARSMAP);
                case COUNT -> isNumber(value, 0, MAX_TEXT);
                case LENGTH -> isNumber(value, 1, 1_000_000);
                case ZERO -> isNumber(value, 0, 0);
                case BEHAVIOR -> value.isTextual() && BEHAVIORS.contains(value.asText());
                case SCHEME -> value.isTextual() && SCHEMES.contains(value.asText());
                case PATTERN -> isPattern(value);
                case TOKEN_AND_ID ->
                    value.isArray() && value.size() == 2 && isText(value.get(0), MAX_TEXT) && isId(value.get(1));
                case PIECES -> isList(value) && all(value, Kind::isPiece);
                case TOKENS -> value.isObject() && value.size() <= MAX_LIST && all(value, Kind::isTokenOfTemplate);
            };
        }

        private static boolean isPattern(JsonNode value) {
            JsonNode only = value.has("Regex") ? value.get("Regex") : value.path("String");
            return value.isObject() && value.size() == 1 && isText(only, 10 * MAX_TEXT);
        }

        private static boolean isPiece(JsonNode value) {
            boolean sequence = value.has("Sequence");
            JsonNode piece = value.path(sequence ? "Sequence" : "SpecialToken");
            return value.isObject()
                    && value.size() == 1
                    && piece.size() == 2
                    && isText(piece.path("id"), MAX_TEXT)
                    && (!sequence || Set.of("A", "B").contains(piece.path("id").asText()))
                    && isId(piece.path("type_id"));
        }

        private static boolean isTokenOfTemplate(JsonNode value) {
            return value.isObject()
                    && value.size() == 3
                    && isText(value.path("id"), MAX_TEXT)
                    && isList(value.path("ids"))
                    && all(value.path("ids"), TokenizerSchema::isId)
                    && isList(value.path("tokens"))
                    && all(value.path("tokens"), token -> isText(token, MAX_TEXT))
                    && value.path("ids").size() == value.path("tokens").size();
        }

        private static boolean all(JsonNode list, Predicate<JsonNode> test) {
            for (JsonNode item : list) {
                if (!test.test(item)) {
                    return false;
                }
            }
            return true;
        }

        private static boolean isList(JsonNode value) {
            return value.isArray() && value.size() <= MAX_LIST;
        }
    }

    private static final List<String> BEHAVIORS =
            List.of("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous");
    private static final List<String> SCHEMES = List.of("first", "never", "always");

    /** A key of a component, and whether it may be left out or null. */
    private record Key(String name, Kind kind, boolean required, boolean nullable) {
        private Optional<String> fault(JsonNode component) {
            JsonNode value = component.get(name);
            if (value == null) {
                return required ? Optional.of("is missing") : Optional.empty();
            }
            return nullable && value.isNull() || kind.fits(value)
                    ? Optional.empty()
                    : Optional.of("is " + shown(value) + ", not " + kind.wanted);
        }
    }

    private static Key required(String name, Kind kind) {
        return new Key(name, kind, true, false);
    }

    private static Key optional(String name, Kind kind) {
        return new Key(name, kind, false, false);
    }

    private static Key nullable(String name, Kind kind) {
        return new Key(name, kind, false, true);
    }

    /** The types by section; {@code Sequence}, which every section has, is not listed. */
    private static final class Components {
        private static final List<Key> BYTE_LEVEL = List.of(
                required("add_prefix_space", Kind.BOOL),
                required("trim_offsets", Kind.BOOL),
                optional("use_regex", Kind.BOOL));
        private static final List<Key> METASPACE = List.of(
                required("replacement", Kind.CHARACTER),
                nullable("add_prefix_space", Kind.BOOL),
                optional("prepend_scheme", Kind.SCHEME),
                nullable("split", Kind.BOOL),
                nullable("str_rep", Kind.TEXT));
        private static final List<Key> REPLACE =
                List.of(required("pattern", Kind.PATTERN), required("content", Kind.TEXT));
        private static final List<Key> NOTHING = List.of();

        private static final Map<String, List<Key>> NORMALIZERS = Map.ofEntries(
                Map.entry(
                        "BertNormalizer",
                        List.of(
                                required("clean_text", Kind.BOOL),
                                required("handle_chinese_chars", Kind.BOOL),
                                nullable("strip_accents", Kind.BOOL),
                                required("lowercase", Kind.BOOL))),
                Map.entry("Strip", List.of(required("strip_left", Kind.BOOL), required("strip_right", Kind.BOOL))),
                Map.entry("StripAccents", NOTHING),
                Map.entry("NFC", NOTHING),
                Map.entry("NFD", NOTHING),
                Map.entry("NFKC", NOTHING),
                Map.entry("NFKD", NOTHING),
                Map.entry("Lowercase", NOTHING),
                Map.entry("Nmt", NOTHING),
                Map.entry("Precompiled", List.of(required("precompiled_charsmap", Kind.CHARSMAP))),
                Map.entry("Replace", REPLACE),
                Map.entry("Prepend", List.of(required("prepend", Kind.WRITTEN_TEXT))),
                Map.entry("ByteLevel", NOTHING));

        private static final Map<String, List<Key>> PRE_TOKENIZERS = Map.ofEntries(
                Map.entry("BertPreTokenizer", NOTHING),
                Map.entry("ByteLevel", BYTE_LEVEL),
                Map.entry("CharDelimiterSplit", List.of(required("delimiter", Kind.CHARACTER))),
                Map.entry("Metaspace", METASPACE),
                Map.entry("Whitespace", NOTHING),
                Map.entry(
                        "Split",
                        List.of(
                                required("pattern", Kind.PATTERN),
                                required("behavior", Kind.BEHAVIOR),
                                required("invert", Kind.BOOL))),
                Map.entry("Punctuation", List.of(optional("behavior", Kind.BEHAVIOR))),
                Map.entry("WhitespaceSplit", NOTHING),
                Map.entry("Digits", List.of(required("individual_digits", Kind.BOOL))),
                Map.entry("UnicodeScripts", NOTHING),
                Map.entry("FixedLength", List.of(optional("length", Kind.LENGTH))));

        private static final Map<String, List<Key>> POST_PROCESSORS = Map.of(
                "ByteLevel",
                BYTE_LEVEL,
                "BertProcessing",
                List.of(required("sep", Kind.TOKEN_AND_ID), required("cls", Kind.TOKEN_AND_ID)),
                "RobertaProcessing",
                List.of(
                        required("sep", Kind.TOKEN_AND_ID),
                        required("cls", Kind.TOKEN_AND_ID),
                        required("trim_offsets", Kind.BOOL),
                        required("add_prefix_space", Kind.BOOL)),
                "TemplateProcessing",
                List.of(
                        required("single", Kind.PIECES),
                        required("pair", Kind.PIECES),
                        required("special_tokens", Kind.TOKENS)));

        private static final Map<String, List<Key>> DECODERS = Map.of(
                "BPEDecoder",
                List.of(required("suffix", Kind.TEXT)),
                "ByteLevel",
                BYTE_LEVEL,
                "WordPiece",
                List.of(required("prefix", Kind.TEXT), required("cleanup", Kind.BOOL)),
                "Metaspace",
                METASPACE,
                "CTC",
                List.of(
                        required("pad_token", Kind.TEXT),
                        required("word_delimiter_token", Kind.TEXT),
                        required("cleanup", Kind.BOOL)),
                "Replace",
                REPLACE,
                "Fuse",
                NOTHING,
                "Strip",
                List.of(
                        required("content", Kind.CHARACTER),
                        required("start", Kind.COUNT),
                        required("stop", Kind.ZERO)),
                "ByteFallback",
                NOTHING);
    }

    /** Whether a value is a text of bounded length that UTF-8 can write: no half of a surrogate pair. */
    static boolean isText(JsonNode value, int maxLength) {
        return value.isTextual()
                && value.asText().length() <= maxLength
                && StandardCharsets.UTF_8.newEncoder().canEncode(value.asText());
    }

    private static boolean isNumber(JsonNode value, long least, long most) {
        return value.isIntegralNumber()
                && value.canConvertToLong()
                && value.asLong() >= least
                && value.asLong() <= most;
    }

    /** Whether a value can be the id of a token. */
    static boolean isId(JsonNode value) {
        return isNumber(value, 0, MAX_ID);
    }

    /** A value as an error shows it. */
    static String shown(JsonNode value) {
        return value.isMissingNode() ? "missing" : shortened(value.toString());
    }

    /** The beginning of a text, as an error shows it. */
    static String shortened(String text) {
        return text.length() <= 60 ? text : text.substring(0, 60) + "...";
    }
}

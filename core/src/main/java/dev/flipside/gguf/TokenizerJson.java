package dev.flipside.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.gguf.Vocabulary.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * The tokenizer.json of a model, made again from the metadata: byte-level BPE ("gpt2") or SentencePiece's BPE with
 * scores and bytes ("llama").
 */
final class TokenizerJson {
    private static final String MODEL = "tokenizer.ggml.model";
    private static final String MERGES = "tokenizer.ggml.merges";
    private static final String SENTENCE_PIECE = "llama";

    /** SentencePiece's mark for a space. */
    static final String SPACE = "\u2581";

    private final Vocabulary vocabulary;
    private final Metadata metadata;
    private final boolean phi3;

    TokenizerJson(Vocabulary vocabulary, Architecture architecture) {
        this.vocabulary = vocabulary;
        this.metadata = vocabulary.metadata();
        this.phi3 = architecture == Architecture.PHI3;
    }

    /**
     * @throws dev.flipside.config.UserError for another kind of tokenizer, an unknown pre-tokenizer, or metadata that
     *     is missing or wrong
     */
    ObjectNode json() {
        String model = metadata.requiredText(MODEL);
        return switch (model) {
            case "gpt2" -> byteLevel(PreTokenizer.of(metadata));
            case SENTENCE_PIECE -> sentencePiece();
            case "t5" -> throw metadata.wrong(MODEL, "is 't5', a Unigram tokenizer, which is not supported");
            default -> throw metadata.wrong(MODEL, "is '" + model + "'; supported are gpt2 and llama");
        };
    }

    private ObjectNode byteLevel(PreTokenizer pre) {
        ObjectNode json = frame(addedTokens());
        if (pre.normalises()) {
            json.putObject("normalizer").put("type", "NFC");
        }
        json.set("pre_tokenizer", pre.json());
        json.set("post_processor", ends(vocabulary.addBos().orElse(pre.addsBos()), PreTokenizer.byteLevel(false)));
        json.set("decoder", PreTokenizer.byteLevel(true));
        ObjectNode model = bpe(json);
        model.putNull("unk_token").put("fuse_unk", false).put("byte_fallback", false);
        model.put("ignore_merges", pre.ignoresMerges());
        List<String> spelled = new ArrayList<>();
        for (int id = 0; id < vocabulary.size(); id++) {
            spelled.add(vocabulary.token(id));
        }
        model.set("vocab", vocab(spelled));
        model.set("merges", givenMerges((ObjectNode) model.get("vocab")));
        return json;
    }

    private ObjectNode sentencePiece() {
        boolean prefix = metadata.flag("tokenizer.ggml.add_space_prefix").orElse(true);
        ObjectNode json = frame(addedTokens());
        ObjectNode spaces = JsonNodeFactory.instance.objectNode().put("type", "Replace");
        spaces.putObject("pattern").put("String", " ");
        spaces.put("content", SPACE);
        if (prefix) {
            ArrayNode steps =
                    json.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
            steps.addObject().put("type", "Prepend").put("prepend", SPACE);
            steps.add(spaces);
        } else {
            json.set("normalizer", spaces);
        }
        json.set("post_processor", ends(vocabulary.addBos().orElse(true), JsonNodeFactory.instance.nullNode()));
        json.set("decoder", sentencePieceDecoder(prefix));
        ObjectNode model = bpe(json);
        OptionalInt unknown = vocabulary.unknown();
        if (unknown.isPresent()) {
            model.put("unk_token", vocabulary.token(unknown.getAsInt()));
        } else {
            model.putNull("unk_token");
        }
        model.put("fuse_unk", true).put("byte_fallback", true).put("ignore_merges", false);
        List<String> spelled = sentencePieceSpelling();
        model.set("vocab", vocab(spelled));
        model.set(
                "merges",
                metadata.has(MERGES)
                        ? givenMerges((ObjectNode) model.get("vocab"))
                        : new ScoredMerges(vocabulary, spelled).json());
        return json;
    }

    private static ObjectNode sentencePieceDecoder(boolean prefix) {
        ObjectNode decoder = JsonNodeFactory.instance.objectNode().put("type", "Sequence");
        ArrayNode steps = decoder.putArray("decoders");
        ObjectNode spaces = steps.addObject().put("type", "Replace");
        spaces.putObject("pattern").put("String", SPACE);
        spaces.put("content", " ");
        steps.addObject().put("type", "ByteFallback");
        steps.addObject().put("type", "Fuse");
        if (prefix) {
            steps.addObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0);
        }
        return decoder;
    }

    /**
     * Tokens as the vocabulary spells them: llama.cpp's converter writes the spaces of user-defined tokens (Gemma's
     * runs of spaces) plainly.
     */
    private List<String> sentencePieceSpelling() {
        List<String> spelled = new ArrayList<>();
        for (int id = 0; id < vocabulary.size(); id++) {
            String token = vocabulary.token(id);
            spelled.add(spaces(id) ? token.replace(" ", SPACE) : token);
        }
        return spelled;
    }

    /** A run of spaces of a SentencePiece vocabulary, which is merged, not found in the text. */
    private boolean spaces(int id) {
        String token = vocabulary.token(id);
        return sentencePieceModel()
                && vocabulary.kind(id) == Kind.USER_DEFINED
                && token.isBlank()
                && token.contains(" ");
    }

    private boolean sentencePieceModel() {
        return metadata.requiredText(MODEL).equals(SENTENCE_PIECE);
    }

    private static ObjectNode frame(ArrayNode addedTokens) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("version", "1.0").putNull("truncation").putNull("padding");
        json.set("added_tokens", addedTokens);
        return json.putNull("normalizer").putNull("pre_tokenizer");
    }

    private static ObjectNode bpe(ObjectNode json) {
        return json.putObject("model")
                .put("type", "BPE")
                .putNull("dropout")
                .putNull("continuing_subword_prefix")
                .putNull("end_of_word_suffix");
    }

    /** Tokens that are found in a text as they are written, before it is cut and merged. */
    private ArrayNode addedTokens() {
        ArrayNode added = JsonNodeFactory.instance.arrayNode();
        for (int id = 0; id < vocabulary.size(); id++) {
            if (added(id)) {
                added.add(addedToken(id));
            }
        }
        return added;
    }

    boolean added(int id) {
        Kind kind = vocabulary.kind(id);
        return !vocabulary.token(id).isEmpty()
                && (kind == Kind.CONTROL || kind == Kind.UNKNOWN || (kind == Kind.USER_DEFINED && !spaces(id)));
    }

    /** A token in the form of tokenizer.json. */
    ObjectNode addedToken(int id) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("id", id)
                .put("content", vocabulary.token(id))
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", stripsRight(id))
                .put("normalized", false)
                .put("special", vocabulary.kind(id) != Kind.USER_DEFINED);
    }

    /** Phi-3's chat tokens swallow the white space after them, which GGUF cannot say; llama.cpp knows it as we do. */
    private boolean stripsRight(int id) {
        boolean sentencePiece = metadata.requiredText(MODEL).equals("llama");
        return phi3
                && sentencePiece
                && !List.of("<unk>", "<s>", "<|endoftext|>").contains(vocabulary.token(id));
    }

    private ObjectNode vocab(List<String> spelled) {
        ObjectNode vocab = JsonNodeFactory.instance.objectNode();
        for (int id = 0; id < spelled.size(); id++) {
            // Of two tokens of the same text the first is used, as in llama.cpp.
            if (!vocabulary.padding(id) && !vocab.has(spelled.get(id))) {
                vocab.put(spelled.get(id), id);
            }
        }
        return vocab;
    }

    /**
     * Merges as the file has them: two tokens with a space between; a space that is part of the first is its first
     * letter.
     */
    private ArrayNode givenMerges(ObjectNode vocab) {
        List<String> lines = metadata.texts(MERGES).orElseThrow(() -> metadata.missing(MERGES));
        ArrayNode merges = JsonNodeFactory.instance.arrayNode();
        for (String line : lines) {
            int space = line.indexOf(' ', 1);
            if (space < 0 || space == line.length() - 1) {
                throw metadata.wrong(MERGES, "holds '" + line + "', which is not two tokens");
            }
            String left = line.substring(0, space);
            String right = line.substring(space + 1);
            for (String token : List.of(left, right, left + right)) {
                if (!vocab.has(token)) {
                    throw metadata.wrong(MERGES, "holds '" + line + "', and '" + token + "' is not in the vocabulary");
                }
            }
            merges.addArray().add(left).add(right);
        }
        return merges;
    }

    /** What is put around each text: BOS and EOS where the tokenizer adds them. */
    private JsonNode ends(boolean bos, JsonNode otherwise) {
        OptionalInt first = bos ? vocabulary.bos() : OptionalInt.empty();
        OptionalInt last = vocabulary.addEos().orElse(false) ? vocabulary.eos() : OptionalInt.empty();
        if (first.isEmpty() && last.isEmpty()) {
            return otherwise;
        }
        ObjectNode template = JsonNodeFactory.instance.objectNode().put("type", "TemplateProcessing");
        ArrayNode single = template.putArray("single");
        ArrayNode pair = template.putArray("pair");
        ObjectNode tokens = template.putObject("special_tokens");
        first.ifPresent(id -> {
            special(single, id, 0);
            special(pair, id, 0);
        });
        sequence(single, "A", 0);
        sequence(pair, "A", 0);
        last.ifPresent(id -> {
            special(single, id, 0);
            special(pair, id, 0);
        });
        first.ifPresent(id -> special(pair, id, 1));
        sequence(pair, "B", 1);
        last.ifPresent(id -> special(pair, id, 1));
        first.ifPresent(id -> define(tokens, id));
        last.ifPresent(id -> define(tokens, id));
        return template;
    }

    private void special(ArrayNode to, int id, int sequence) {
        to.addObject().putObject("SpecialToken").put("id", vocabulary.token(id)).put("type_id", sequence);
    }

    private static void sequence(ArrayNode to, String name, int sequence) {
        to.addObject().putObject("Sequence").put("id", name).put("type_id", sequence);
    }

    private void define(ObjectNode tokens, int id) {
        ObjectNode token = tokens.putObject(vocabulary.token(id)).put("id", vocabulary.token(id));
        token.putArray("ids").add(id);
        token.putArray("tokens").add(vocabulary.token(id));
    }
}

package dev.flipside.gguf;

import dev.flipside.config.UserError;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** The tokens of a model with their kinds and the ids that have a role. */
final class Vocabulary {
    /** The key of the chat template. */
    static final String TEMPLATE = "tokenizer.chat_template";

    private static final String KEY = "tokenizer.ggml.";

    /** The kinds of tokens, with the numbers that SentencePiece gives them. */
    enum Kind {
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE
    }

    /**
     * Tokens that end an assistant's turn in public chat templates. GGUF has one EOS token, which for instruction-tuned
     * models is often the end of a document; llama.cpp stops at these by their text, and so does generation_config.json
     * of the original models.
     */
    private static final Set<String> TURN_ENDS =
            Set.of("<|im_end|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "<|eom_id|>", "<|end_of_text|>");

    private final Metadata metadata;
    private final List<String> tokens;
    private final List<Kind> kinds;
    private final Set<Integer> ends = new LinkedHashSet<>();

    /** @param rows of the embedding, which every token must have one of */
    Vocabulary(Metadata metadata, int rows) {
        this.metadata = metadata;
        tokens = metadata.texts(KEY + "tokens").orElseThrow(() -> metadata.missing(KEY + "tokens"));
        if (tokens.isEmpty() || tokens.size() > rows) {
            throw metadata.wrong(
                    KEY + "tokens", "has " + tokens.size() + " tokens and the embedding " + rows + " rows");
        }
        kinds = new ArrayList<>(kinds());
        findEnds();
        ends.forEach(this::makeSpecial);
        List.of(bos(), pad(), unknown()).forEach(id -> id.ifPresent(this::makeSpecial));
    }

    /** EOS, and the ends of a turn that the file names or that its chat template writes. */
    private void findEnds() {
        List.of(eos(), endOfTurn(), endOfMessage()).forEach(id -> id.ifPresent(ends::add));
        String template = metadata.text(TEMPLATE).orElse("");
        for (int id = 0; id < tokens.size(); id++) {
            if (TURN_ENDS.contains(tokens.get(id)) && template.contains(tokens.get(id)) && canBeSpecial(id)) {
                ends.add(id);
            }
        }
    }

    /**
     * Some converters give tokens with a role the kind of ordinary text; llama.cpp overrides it, and transformers drops
     * whatever is named so from decoded text.
     */
    private void makeSpecial(int id) {
        if (canBeSpecial(id)) {
            kinds.set(id, Kind.CONTROL);
        }
    }

    private boolean canBeSpecial(int id) {
        Kind kind = kinds.get(id);
        return kind == Kind.CONTROL || kind == Kind.USER_DEFINED || kind == Kind.NORMAL;
    }

    private List<Kind> kinds() {
        String key = KEY + "token_type";
        List<Long> numbers = metadata.wholeNumbers(key).orElseThrow(() -> metadata.missing(key));
        if (numbers.size() != tokens.size()) {
            throw metadata.wrong(key, "has " + numbers.size() + " kinds for " + tokens.size() + " tokens");
        }
        return numbers.stream().map(n -> kind(key, n)).toList();
    }

    private Kind kind(String key, long number) {
        // llama.cpp takes 0 ("undefined") for normal.
        if (number < 0 || number > Kind.values().length) {
            throw metadata.wrong(key, "has the kind " + number + ", which is none of 0 to " + Kind.values().length);
        }
        return number == 0 ? Kind.NORMAL : Kind.values()[(int) number - 1];
    }

    Metadata metadata() {
        return metadata;
    }

    int size() {
        return tokens.size();
    }

    String token(int id) {
        return tokens.get(id);
    }

    Kind kind(int id) {
        return kinds.get(id);
    }

    /**
     * Rows of the embedding without a token, which converters fill with names: they are not in the original tokenizer.
     */
    boolean padding(int id) {
        return kind(id) == Kind.UNUSED && token(id).equals("[PAD" + id + "]");
    }

    OptionalInt bos() {
        return id("bos_token_id");
    }

    OptionalInt eos() {
        return id("eos_token_id");
    }

    OptionalInt pad() {
        return id("padding_token_id");
    }

    OptionalInt unknown() {
        return id("unknown_token_id");
    }

    /** The end of a turn, where the file names it. */
    private OptionalInt endOfTurn() {
        return id("eot_token_id");
    }

    /** The end of a message, where the file names it. */
    private OptionalInt endOfMessage() {
        return id("eom_token_id");
    }

    /** The ids that end a completion. */
    Set<Integer> ends() {
        return Collections.unmodifiableSet(ends);
    }

    Optional<Boolean> addBos() {
        return metadata.flag(KEY + "add_bos_token");
    }

    Optional<Boolean> addEos() {
        return metadata.flag(KEY + "add_eos_token");
    }

    private OptionalInt id(String name) {
        String key = KEY + name;
        // Some converters write -1 for none.
        if (metadata.raw(key).orElse(0L) instanceof Long number && (number == -1 || number == 0xffffffffL)) {
            return OptionalInt.empty();
        }
        OptionalInt id = metadata.natural(key);
        if (id.isPresent() && id.getAsInt() >= tokens.size()) {
            throw metadata.wrong(key, "is " + id.getAsInt() + " and there are " + tokens.size() + " tokens");
        }
        return id;
    }

    /** @throws UserError when they are not there or of another number than the tokens */
    List<Float> scores() {
        String key = KEY + "scores";
        List<Float> scores = metadata.floats(key).orElseThrow(() -> metadata.missing(key));
        if (scores.size() != tokens.size()) {
            throw metadata.wrong(key, "has " + scores.size() + " scores for " + tokens.size() + " tokens");
        }
        return scores;
    }
}

package dev.flipside.gguf;

import dev.flipside.config.UserError;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** The sizes of one model, from the keys that begin with its architecture's name and from its tensors. */
final class Hyperparameters {
    /** Far above any model; keeps a corrupt number from filling the memory. */
    private static final int MOST_LAYERS = 10_000;

    private final GgufModel model;
    private final Architecture architecture;
    private final int layers;
    private final int hiddenSize;
    private final int heads;
    private final int keyValueHeads;
    private final int headSize;
    private final long vocabulary;

    Hyperparameters(GgufModel model, Architecture architecture) {
        this.model = model;
        this.architecture = architecture;
        layers = requiredPositive("block_count");
        if (layers > MOST_LAYERS) {
            throw wrong("block_count", "is " + layers + ", more than any model has");
        }
        hiddenSize = requiredPositive("embedding_length");
        heads = requiredPositive("attention.head_count");
        keyValueHeads = positive("attention.head_count_kv").orElse(heads);
        if (heads % keyValueHeads != 0) {
            throw wrong(
                    "attention.head_count_kv",
                    "is " + keyValueHeads + ", which does not divide the " + heads + " heads");
        }
        headSize = readHeadSize();
        // Metadata may lack the size, and a vocabulary may be padded: the embedding is the truth.
        vocabulary = model.requiredTensor("token_embd.weight").shape().get(0);
        if (vocabulary > Integer.MAX_VALUE) {
            throw new UserError(model.file() + ": has an embedding of " + vocabulary + " tokens, more than any model.");
        }
    }

    private int readHeadSize() {
        OptionalInt explicit = positive("attention.key_length");
        OptionalInt values = positive("attention.value_length");
        if (values.isPresent() && values.getAsInt() != explicit.orElse(hiddenSize / heads)) {
            throw wrong(
                    "attention.value_length",
                    "is " + values.getAsInt() + " and the keys' length another; they must be equal");
        }
        if (explicit.isEmpty() && hiddenSize % heads != 0) {
            throw wrong(
                    "attention.head_count",
                    "is " + heads + ", which does not divide the embedding length " + hiddenSize);
        }
        int size = explicit.orElse(hiddenSize / heads);
        if (size % 2 != 0) {
            throw wrong(
                    "attention.head_count",
                    "gives heads of " + size + " numbers; rotary positions need an even number");
        }
        return size;
    }

    GgufModel model() {
        return model;
    }

    int layers() {
        return layers;
    }

    int hiddenSize() {
        return hiddenSize;
    }

    int heads() {
        return heads;
    }

    int keyValueHeads() {
        return keyValueHeads;
    }

    /** Numbers of one head. */
    int headSize() {
        return headSize;
    }

    /** The part of a head that rotary positions turn. */
    int rotaryDimensions() {
        return positive("rope.dimension_count").orElse(headSize);
    }

    /** Rows of the embedding. */
    int vocabulary() {
        return (int) vocabulary;
    }

    /** The value of a dimension in a table of tensors. */
    long size(TensorRule.Size size) {
        return switch (size) {
            case VOCABULARY -> vocabulary;
            case HIDDEN -> hiddenSize;
            case QUERIES -> (long) heads * headSize;
            case KEYS -> (long) keyValueHeads * headSize;
            case QUERIES_KEYS_VALUES -> (heads + 2L * keyValueHeads) * headSize;
            case HEAD -> headSize;
            case HEADS -> heads;
            case KEY_HEADS -> keyValueHeads;
            case FEED_FORWARD -> requiredPositive("feed_forward_length");
            case GATE_AND_UP -> 2L * requiredPositive("feed_forward_length");
            case EXPERTS -> requiredPositive("expert_count");
            case EXPERT_FEED_FORWARD -> requiredPositive("expert_feed_forward_length");
            case POSITIONS -> requiredPositive("context_length");
        };
    }

    OptionalInt positive(String key) {
        return metadata().positive(full(key));
    }

    OptionalInt natural(String key) {
        return metadata().natural(full(key));
    }

    int requiredPositive(String key) {
        return metadata().requiredPositive(full(key));
    }

    OptionalDouble number(String key) {
        return metadata().number(full(key));
    }

    double requiredNumber(String key) {
        return metadata().requiredNumber(full(key));
    }

    boolean flag(String key, boolean byDefault) {
        return metadata().flag(full(key)).orElse(byDefault);
    }

    Metadata metadata() {
        return model.metadata();
    }

    /** A key with the architecture's prefix. */
    String full(String key) {
        return architecture.ggufName() + "." + key;
    }

    UserError wrong(String key, String what) {
        return metadata().wrong(full(key), what);
    }
}

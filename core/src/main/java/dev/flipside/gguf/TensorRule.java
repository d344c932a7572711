package dev.flipside.gguf;

import java.util.List;

/**
 * A row of an architecture's table: what a GGUF tensor is called in transformers and how its numbers lie there.
 * {@code {i}} stands for the block, {@code {e}} for the expert or head.
 *
 * @param gguf the name in GGUF without {@code .weight}
 * @param huggingFace the name in transformers without {@code .weight}
 * @param shape of the tensor in GGUF, in PyTorch's order
 * @param layout how rows and values differ
 * @param presence whether a file may lack it
 * @param bias whether a bias of as many numbers as the first dimension goes with it
 */
record TensorRule(String gguf, String huggingFace, List<Size> shape, Layout layout, Presence presence, Presence bias) {
    /** A dimension, by the hyperparameter that it is. */
    enum Size {
        VOCABULARY,
        HIDDEN,
        /** All query heads together. */
        QUERIES,
        /** All key heads together, or all value heads. */
        KEYS,
        /** Queries, keys and values one below the other. */
        QUERIES_KEYS_VALUES,
        /** One head. */
        HEAD,
        HEADS,
        KEY_HEADS,
        FEED_FORWARD,
        /** Gate and up projection one below the other. */
        GATE_AND_UP,
        EXPERTS,
        EXPERT_FEED_FORWARD,
        POSITIONS
    }

    /** How the tensor of transformers is made from that of GGUF. */
    enum Layout {
        AS_STORED,
        /**
         * GGUF keeps the two numbers that rotary positions turn together side by side; transformers keeps the first of
         * all pairs of a head before the second of all: row {@code 2 i + j} of a head becomes row {@code i + j size /
         * 2}.
         */
        ROTARY,
        /** GGUF has all queries, then all keys, then all values; transformers has these three head by head. */
        HEAD_BY_HEAD,
        /** transformers' Conv1D: rows and columns exchanged. */
        TRANSPOSED,
        /** GGUF stores the factor of a norm, transformers the factor less one. */
        LESS_ONE,
        /** GGUF stacks what transformers keeps as one tensor for each expert or head. */
        STACKED
    }

    enum Presence {
        REQUIRED,
        OPTIONAL,
        NEVER
    }

    TensorRule {
        shape = List.copyOf(shape);
    }

    static TensorRule of(String gguf, String huggingFace, Size... shape) {
        return new TensorRule(gguf, huggingFace, List.of(shape), Layout.AS_STORED, Presence.REQUIRED, Presence.NEVER);
    }

    TensorRule laidOut(Layout otherLayout) {
        return new TensorRule(gguf, huggingFace, shape, otherLayout, presence, bias);
    }

    TensorRule optional() {
        return new TensorRule(gguf, huggingFace, shape, layout, Presence.OPTIONAL, bias);
    }

    TensorRule biased(Presence otherBias) {
        return new TensorRule(gguf, huggingFace, shape, layout, presence, otherBias);
    }

    boolean inBlocks() {
        return gguf.contains("{i}");
    }
}

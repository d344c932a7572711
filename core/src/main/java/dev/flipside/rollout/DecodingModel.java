package dev.flipside.rollout;

import dev.flipside.engine.Device;
import java.util.List;
import java.util.Set;

/**
 * What generation needs of a model. One functional path is the truth; a faster one stands behind this interface, beside
 * an equality test.
 */
interface DecodingModel extends AutoCloseable {
    /** The most tokens a row may have, prompt and completion together. */
    int context();

    int vocabulary();

    /** Tokens that end a completion; may be empty. */
    Set<Integer> endIds();

    Device device();

    /**
     * Starts a batch. Rows are in the prompts' order, {@code rowsPerPrompt} next to each other for every prompt, which
     * is computed once for all of them.
     *
     * @param steps the most tokens that any row will be given after its prompt
     */
    DecodingBatch start(List<int[]> prompts, int rowsPerPrompt, int steps);

    /** Gives back what is kept between batches; another batch may follow. */
    @Override
    void close();
}

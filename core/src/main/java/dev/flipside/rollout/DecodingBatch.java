package dev.flipside.rollout;

import org.bytedeco.pytorch.Tensor;

/** Rows of a {@link DecodingModel} that grow by one token at a time. Tensors returned belong to the caller's scope. */
interface DecodingBatch extends AutoCloseable {
    /** Logits after the prompts, float32 [rows, vocabulary]; asked for once, first. */
    Tensor afterPrompts();

    /** Appends one token to every row and returns the logits after it, float32 [rows, vocabulary]. */
    Tensor step(int[] tokens);

    /**
     * The same for whoever would have to bring the tokens to a device.
     *
     * @param there the tokens on the model's device, int64 [rows, 1]
     */
    default Tensor step(int[] tokens, Tensor there) {
        return step(tokens);
    }

    /** Keeps these rows only, ascending. */
    void keepRows(int[] rows);

    @Override
    void close();
}

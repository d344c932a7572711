package dev.flipside.model;

import dev.flipside.engine.DenseProducts;
import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The matrix whose rows' products with inputs are the scores of the vocabulary, as {@link VocabularyHead} walks over
 * it: a weight, or one with an adapter's update.
 */
interface VocabularyMatrix {
    /**
     * What the rows are multiplied with; linear in the hidden states.
     *
     * @param hidden [..., D]
     * @return [..., columns]
     */
    Tensor inputs(Tensor hidden);

    /**
     * Adds the gradients of what makes the inputs.
     *
     * @param gradInputs [..., columns]
     * @return the gradient for the hidden states, [..., D]
     */
    Tensor throughInputs(Tensor hidden, Tensor gradInputs);

    /** Rows that follow one another, [count, columns]; constants, perhaps bfloat16. */
    Tensor rows(long from, long count);

    /**
     * @param ids int64 [N]
     * @return a copy, float32
     */
    Tensor rows(Tensor ids);

    /**
     * Adds the gradient of rows that follow one another, {@code gradScores^T inputs}.
     *
     * @param gradScores [N, count]
     * @param inputs [N, columns]
     */
    void addGradient(long from, Tensor gradScores, Tensor inputs);

    /**
     * Adds the gradient of single rows.
     *
     * @param ids int64 [N]; a row may stand there several times
     * @param gradients [N, columns]
     */
    void addGradient(Tensor ids, Tensor gradients);

    /**
     * A weight as it is.
     *
     * @param weight [V, D], perhaps bfloat16
     * @param gradient asked for in the backward pass; empty where the weight is frozen
     */
    record Plain(Tensor weight, Supplier<Optional<Tensor>> gradient) implements VocabularyMatrix {
        @Override
        public Tensor inputs(Tensor hidden) {
            return hidden;
        }

        @Override
        public Tensor throughInputs(Tensor hidden, Tensor gradInputs) {
            return gradInputs;
        }

        @Override
        public Tensor rows(long from, long count) {
            return weight.narrow(0, from, count);
        }

        @Override
        public Tensor rows(Tensor ids) {
            return weight.index_select(0, ids).to(ScalarType.Float);
        }

        @Override
        public void addGradient(long from, Tensor gradScores, Tensor inputs) {
            gradient.get()
                    .ifPresent(sum ->
                            DenseProducts.addGradWeight(gradScores, inputs, sum.narrow(0, from, gradScores.size(1))));
        }

        @Override
        public void addGradient(Tensor ids, Tensor gradients) {
            gradient.get().ifPresent(sum -> sum.index_add_(0, ids, gradients));
        }
    }
}

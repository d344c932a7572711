package dev.flipside.train;

import dev.flipside.engine.Parameters;

/**
 * A number that is none: in a loss, a gradient, a weight or a score. The optimiser step was not made and the last
 * checkpoint is unharmed.
 */
public final class NonFiniteException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private NonFiniteException(String message) {
        super(message);
    }

    /** @param model whose loss it is */
    static NonFiniteException inLoss(String model, double loss, long step) {
        return new NonFiniteException("step " + step + ": the loss of the " + model + " is " + loss
                + "; the update was not made. Lower the learning rate or look at the step's rewards in samples.jsonl.");
    }

    /** @param tensor the first whose gradient is not finite */
    static NonFiniteException inGradient(String model, String tensor, long step) {
        return new NonFiniteException(
                "step " + step + ": the gradient of the " + model + " is not finite, first in " + tensor
                        + "; the update was not made. Lower the learning rate or look at the step's rewards in samples.jsonl.");
    }

    /** A model whose scores are not finite because of one of its weights. */
    static NonFiniteException inWeight(String model, String weight) {
        return new NonFiniteException(
                "the weight " + weight + " of the " + model
                        + " holds numbers that are not finite; start from an earlier checkpoint with a lower learning rate, or from another model.");
    }

    /**
     * Checks a model's scores: a weight that is no number must not pass for a sample that nothing could grade.
     *
     * @throws NonFiniteException naming the first bad weight
     */
    static void requireFinite(String model, double[] scores, Parameters weights) {
        for (double score : scores) {
            if (!Double.isFinite(score)) {
                throw new NonFiniteException("the " + model + " gives the score " + score + ", "
                        + weights.firstNonFiniteWeight()
                                .map(name -> "its weight " + name + " holds numbers that are not finite")
                                .orElse("its weights are finite but overflow")
                        + "; start from an earlier checkpoint with a lower learning rate, or from another model.");
            }
        }
    }
}

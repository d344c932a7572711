package dev.flipside.train;

import dev.flipside.engine.AdamW;
import dev.flipside.engine.Parameters;

/** A loss or a gradient that is not a number stopped the run before the optimiser step; the last checkpoint is unharmed. */
public final class NonFiniteException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private NonFiniteException(String message) {
        super(message);
    }

    /**
     * Checks one optimiser step's loss and gradients.
     *
     * @param what whose update it is, for the message
     * @return the 2-norm of all gradients
     * @throws NonFiniteException naming the first bad tensor
     */
    static double requireFinite(String what, double loss, AdamW optimiser, long step) {
        double norm = optimiser.gradientNorm();
        if (!Double.isFinite(loss)) {
            throw new NonFiniteException(
                    "step " + step + ": the loss of the " + what + " is " + loss
                            + "; the update was not made. Lower the learning rate or look at the step's rewards in samples.jsonl.");
        }
        if (!Double.isFinite(norm)) {
            String tensor = optimiser.firstNonFiniteGradient().orElse("all together (overflow of the norm)");
            throw new NonFiniteException(
                    "step " + step + ": the gradient of the " + what + " is not finite, first in " + tensor
                            + "; the update was not made. Lower the learning rate or look at the step's rewards in samples.jsonl.");
        }
        return norm;
    }

    /**
     * Checks a model's scores: a weight that is no number must not pass for a sample that nothing could grade.
     *
     * @throws NonFiniteException naming the first bad weight
     */
    static void requireFinite(String what, double[] scores, Parameters weights) {
        for (double score : scores) {
            if (!Double.isFinite(score)) {
                throw new NonFiniteException("the " + what + " gives the score " + score + ", "
                        + weights.firstNonFiniteWeight()
                                .map(name -> "its weight " + name + " holds numbers that are not finite")
                                .orElse("its weights are finite but overflow")
                        + "; start from an earlier checkpoint with a lower learning rate, or from another model.");
            }
        }
    }

    /** A model whose scores are not finite because of one of its weights. */
    static NonFiniteException inWeight(String what, String weight) {
        return new NonFiniteException(
                "the weight " + weight + " of the " + what
                        + " holds numbers that are not finite; start from an earlier checkpoint with a lower learning rate, or from another model.");
    }

    /** What gradients are multiplied with so that their norm is at most {@code maxNorm} (torch's {@code clip_grad_norm_}); 0 does not clip. */
    static double clipScale(double norm, double maxNorm) {
        return maxNorm > 0 ? Math.min(1.0, maxNorm / (norm + 1e-6)) : 1.0;
    }
}

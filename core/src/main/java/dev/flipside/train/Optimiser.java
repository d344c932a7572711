package dev.flipside.train;

import dev.flipside.engine.AdamW;

/**
 * The optimiser of one model, with what every update does between its last backward pass and its step: loss and
 * gradient must be numbers, and the gradient's norm is clipped. What several optimisers update together is checked
 * first and stepped then, so that a bad gradient leaves all of them unharmed.
 */
final class Optimiser implements AutoCloseable {
    private final String model;
    private final AdamW adam;
    private final double maxGradNorm;

    /**
     * @param model whose weights they are, for errors: "policy", "reward model", "value head"
     * @param adam owned by this from now on
     * @param maxGradNorm the 2-norm that gradients are scaled down to (torch's {@code clip_grad_norm_}); 0 does not
     *     clip
     */
    Optimiser(String model, AdamW adam, double maxGradNorm) {
        this.model = model;
        this.adam = adam;
        this.maxGradNorm = maxGradNorm;
    }

    /** The moments and the count of steps, for checkpoints and snapshots. */
    AdamW adam() {
        return adam;
    }

    /** Steps taken. */
    long steps() {
        return adam.steps();
    }

    void zeroGradient() {
        adam.zeroGradient();
    }

    /**
     * @param step of the run, for errors
     * @throws NonFiniteException when the loss or a gradient is not a number
     */
    CheckedGradient check(double loss, long step) {
        double norm = adam.gradientNorm();
        if (!Double.isFinite(loss)) {
            throw NonFiniteException.inLoss(model, loss, step);
        }
        if (!Double.isFinite(norm)) {
            throw NonFiniteException.inGradient(
                    model, adam.firstNonFiniteGradient().orElse("all together (overflow of the norm)"), step);
        }
        return new CheckedGradient(this, norm);
    }

    /** @param norm of all gradients together, before clipping */
    void step(double norm, double learningRate) {
        adam.step(maxGradNorm > 0 ? Math.min(1.0, maxGradNorm / (norm + 1e-6)) : 1.0, learningRate);
    }

    @Override
    public void close() {
        adam.close();
    }
}

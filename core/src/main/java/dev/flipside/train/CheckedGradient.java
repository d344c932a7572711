package dev.flipside.train;

/**
 * A gradient that is fit to be stepped along.
 *
 * @param norm of all gradients together, before clipping
 */
record CheckedGradient(Optimiser optimiser, double norm) {
    void step(double learningRate) {
        optimiser.step(norm, learningRate);
    }
}

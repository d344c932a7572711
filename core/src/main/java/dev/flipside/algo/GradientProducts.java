package dev.flipside.algo;

import java.util.OptionalDouble;

/**
 * The inner products of a gradient g and the gradient b of a loss that must not rise, and what they say of a step along
 * -g: where g.b is below 0, it raises that loss.
 *
 * @param own g.g
 * @param cross g.b
 * @param memory b.b
 */
public record GradientProducts(double own, double cross, double memory) {
    /** The cosine of the angle between them; empty where one of them is zero. */
    public OptionalDouble cosine() {
        double norms = Math.sqrt(own) * Math.sqrt(memory);
        return norms == 0 ? OptionalDouble.empty() : OptionalDouble.of(cross / norms);
    }

    /** Whether a small step along -g raises the loss of b. */
    public boolean conflict() {
        return cross < 0;
    }

    /**
     * How much of b is added to g so that the sum no longer disagrees with it: g - (g.b / b.b) b is orthogonal to b,
     * and the nearest such gradient (A-GEM, Chaudhry et al., arXiv 1812.00420, equation 11). 0 where they agree.
     */
    public double correction() {
        return conflict() ? -cross / memory : 0;
    }
}

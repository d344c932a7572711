package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.engine.ParameterSlot;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.Arrays;
import java.util.function.DoubleSupplier;
import org.bytedeco.pytorch.Tensor;

/** Finite differences of a float32 model's loss along directions in which they are measurable. */
final class Derivatives {
    /**
     * Lengths of the step along a unit direction. The fourth-order rule makes the truncation error of the longest small
     * against the rounding of float32 losses (1e-7 / step); where a clip or a cap bends the loss within it, a shorter
     * one is needed.
     */
    private static final double[] STEPS = {4e-3, 1e-3, 3e-4};

    /**
     * Relative to the norm of the whole gradient: the rounding error above, and what is left of the truncation error
     * where the loss is strongly curved.
     */
    private static final double TOLERANCE = 2e-3;

    private Derivatives() {}

    static float[] gradient(Parameters parameters) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            return Tensors.toFloats(parameters.gradient());
        }
    }

    static double norm(float[] values) {
        double squares = 0;
        for (float v : values) {
            squares += (double) v * v;
        }
        return Math.sqrt(squares);
    }

    /**
     * The derivative of {@code loss} along the gradient of every single weight matrix is that gradient's norm, and so
     * it is along all of them together. A missing, doubled or wrongly signed term changes at least one of them.
     */
    static void check(Parameters parameters, float[] gradient, DoubleSupplier loss) {
        double norm = norm(gradient);
        assertThat(along(parameters, gradient, loss, norm))
                .as("along the gradient")
                .isCloseTo(norm, within(TOLERANCE * norm));
        int at = 0;
        for (ParameterSlot slot : parameters.slots()) {
            float[] part = new float[gradient.length];
            int elements = (int) slot.elements();
            System.arraycopy(gradient, at, part, at, elements);
            // Parameters aligns every weight to 16 floats.
            at += (elements + 15) / 16 * 16;
            double share = norm(part);
            if (share > 0.02 * norm) {
                assertThat(along(parameters, part, loss, share))
                        .as(slot.name())
                        .isCloseTo(share, within(TOLERANCE * norm));
            }
        }
        assertThat(at).isEqualTo(gradient.length);
    }

    /** The finite difference that comes closest to what is expected. */
    private static double along(Parameters parameters, float[] direction, DoubleSupplier loss, double expected) {
        double best = Double.POSITIVE_INFINITY;
        for (double step : STEPS) {
            double scale = step / norm(direction);
            double slope = (8 * (at(parameters, direction, scale, loss) - at(parameters, direction, -scale, loss))
                            - (at(parameters, direction, 2 * scale, loss)
                                    - at(parameters, direction, -2 * scale, loss)))
                    / (12 * step);
            best = Math.abs(slope - expected) < Math.abs(best - expected) ? slope : best;
        }
        return best;
    }

    private static double at(Parameters parameters, float[] direction, double scale, DoubleSupplier loss) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor before = parameters.flat().detach().clone();
            float[] moved = Tensors.toFloats(before);
            for (int i = 0; i < moved.length; i++) {
                moved[i] += (float) (scale * direction[i]);
            }
            parameters.flat().copy_(Tensors.ofFloats(moved, parameters.device(), moved.length));
            double value = loss.getAsDouble();
            parameters.flat().copy_(before);
            return value;
        }
    }

    /** Asserts that two gradients are the same up to {@code tolerance} times their norm. */
    static void assertSame(float[] actual, float[] expected, double tolerance) {
        float[] difference = Arrays.copyOf(actual, actual.length);
        for (int i = 0; i < difference.length; i++) {
            difference[i] -= expected[i];
        }
        assertThat(norm(difference)).isLessThanOrEqualTo(tolerance * norm(expected));
    }
}

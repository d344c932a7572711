package dev.flipside.algo;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class GradientProductsTest {
    private static GradientProducts of(double[] g, double[] b) {
        return new GradientProducts(dot(g, g), dot(g, b), dot(b, b));
    }

    private static double dot(double[] left, double[] right) {
        double sum = 0;
        for (int i = 0; i < left.length; i++) {
            sum += left[i] * right[i];
        }
        return sum;
    }

    @Test
    void byHand() {
        GradientProducts disagreeing = of(new double[] {1, 0}, new double[] {-2, 2});
        assertThat(disagreeing.conflict()).isTrue();
        assertThat(disagreeing.cosine()).hasValue(-2 / Math.sqrt(8));
        // (1, 0) + 0.25 (-2, 2) = (0.5, 0.5), which is orthogonal to (-2, 2).
        assertThat(disagreeing.correction()).isEqualTo(0.25);

        GradientProducts agreeing = of(new double[] {1, 0}, new double[] {2, 2});
        assertThat(agreeing.conflict()).isFalse();
        assertThat(agreeing.correction()).isZero();
    }

    @Test
    void withoutAGradientThereIsNothingToDisagreeWith() {
        GradientProducts nothing = of(new double[] {1, 0}, new double[] {0, 0});
        assertThat(nothing.cosine()).isEmpty();
        assertThat(nothing.correction()).isZero();
    }

    @Property
    void whatIsLeftDoesNotDisagree(@ForAll("vectors") double[] g, @ForAll("vectors") double[] b) {
        GradientProducts products = of(g, b);
        double[] left = new double[g.length];
        for (int i = 0; i < g.length; i++) {
            left[i] = g[i] + products.correction() * b[i];
        }
        // Rounding of sums of a few terms.
        assertThat(dot(left, b)).isGreaterThanOrEqualTo(-1e-12 * products.memory());
        assertThat(products.cosine().orElse(0)).isBetween(-1 - 1e-12, 1 + 1e-12);
    }

    @Provide
    Arbitrary<double[]> vectors() {
        return Arbitraries.doubles().between(-10, 10).array(double[].class).ofSize(3);
    }
}

package dev.flipside.algo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.SharedFiles;
import java.io.IOException;
import java.util.Random;
import java.util.function.ToDoubleFunction;

/** What the tests of this package share: conformance files, comparisons, finite differences, random arrays. */
final class Numbers {
    private Numbers() {}

    static JsonNode conformance(String name) throws IOException {
        return new ObjectMapper()
                .readTree(SharedFiles.require("conformance/" + name).toFile());
    }

    /** A list of numbers; {@code null} stands for NaN. */
    static double[] doubles(JsonNode node) {
        double[] values = new double[node.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = node.get(i).isNull() ? Double.NaN : node.get(i).doubleValue();
        }
        return values;
    }

    static double[][] matrix(JsonNode node) {
        double[][] rows = new double[node.size()][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = doubles(node.get(i));
        }
        return rows;
    }

    static int[][] labels(JsonNode node) {
        int[][] rows = new int[node.size()][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = new int[node.get(i).size()];
            for (int j = 0; j < rows[i].length; j++) {
                rows[i][j] = node.get(i).get(j).intValue();
            }
        }
        return rows;
    }

    static void assertClose(double actual, double expected, double tolerance) {
        assertThat(actual).isCloseTo(expected, within(tolerance));
    }

    static void assertClose(double[] actual, double[] expected, double tolerance) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).as("entry %d", i).isCloseTo(expected[i], within(tolerance));
        }
    }

    static void assertClose(double[][] actual, double[][] expected, double tolerance) {
        assertThat(actual.length).isEqualTo(expected.length);
        for (int i = 0; i < actual.length; i++) {
            assertClose(actual[i], expected[i], tolerance);
        }
    }

    /**
     * Compares a gradient with central differences of the loss, to 1e-6 relative. With h = 1e-5 the truncation error of
     * order h^2 and the rounding error of order 1e-16 / h are both near 1e-10; entries below 1e-3 are therefore
     * compared to 1e-9 absolute.
     */
    static void assertGradient(double[][] point, double[][] gradient, ToDoubleFunction<double[][]> loss) {
        double h = 1e-5;
        for (int i = 0; i < point.length; i++) {
            for (int j = 0; j < point[i].length; j++) {
                double original = point[i][j];
                point[i][j] = original + h;
                double above = loss.applyAsDouble(point);
                point[i][j] = original - h;
                double below = loss.applyAsDouble(point);
                point[i][j] = original;
                double numeric = (above - below) / (2 * h);
                assertThat(gradient[i][j])
                        .as("gradient of [%d][%d]", i, j)
                        .isCloseTo(numeric, within(1e-6 * Math.max(1e-3, Math.abs(numeric))));
            }
        }
    }

    static void assertGradient(double[] point, double[] gradient, ToDoubleFunction<double[]> loss) {
        assertGradient(new double[][] {point}, new double[][] {gradient}, p -> loss.applyAsDouble(p[0]));
    }

    /** Independent normal numbers with the given row lengths. */
    static double[][] normal(Random random, double mean, double std, int... lengths) {
        double[][] rows = new double[lengths.length][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = new double[lengths[i]];
            for (int j = 0; j < lengths[i]; j++) {
                rows[i][j] = mean + std * random.nextGaussian();
            }
        }
        return rows;
    }
}

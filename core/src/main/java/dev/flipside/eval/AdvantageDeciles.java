package dev.flipside.eval;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Whether the reward model is right where it is sure: label accuracy by decile of |A|. */
public final class AdvantageDeciles {
    private static final int DECILES = 10;

    private AdvantageDeciles() {}

    /**
     * The share of advantages on the true side, in ten bins of (nearly) equal count by growing |A|. An advantage of
     * exactly 0 is on no side and so wrong; equal sizes keep the order given.
     *
     * @param advantages of any samples
     * @param truth positive for a good sample, negative for a bad one, 0 for one that cannot be judged and is left out;
     *     same length
     * @return ten shares; NaN for a bin without a sample
     */
    public static double[] accuracy(double[] advantages, double[] truth) {
        if (advantages.length != truth.length) {
            throw new IllegalArgumentException(advantages.length + " advantages, " + truth.length + " truths");
        }
        int[] order = IntStream.range(0, truth.length)
                .filter(i -> truth[i] != 0)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> Math.abs(advantages[i])))
                .mapToInt(i -> i)
                .toArray();
        double[] accuracy = new double[DECILES];
        for (int bin = 0; bin < DECILES; bin++) {
            int from = (int) ((long) bin * order.length / DECILES);
            int to = (int) ((bin + 1L) * order.length / DECILES);
            accuracy[bin] = Arrays.stream(order, from, to)
                    .mapToDouble(i -> advantages[i] * truth[i] > 0 ? 1 : 0)
                    .average()
                    .orElse(Double.NaN);
        }
        return accuracy;
    }
}

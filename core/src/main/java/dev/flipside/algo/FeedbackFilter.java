package dev.flipside.algo;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * SAVE's adaptive feedback filtering: the advantage over the anchor separates positives from negatives, and ambiguous
 * samples are dropped.
 */
public final class FeedbackFilter {
    private FeedbackFilter() {}

    /**
     * Labels every sample.
     *
     * @param rewards of the snapshot, {@code [prompt][sample]}
     * @param anchors same shape ({@link Anchors})
     * @param usable which samples may be labelled, same shape; truncated completions teach nothing and do not enter the
     *     std
     */
    public static Feedback label(double[][] rewards, double[][] anchors, boolean[][] usable, FilterRule rule) {
        Groups.requireSameLength("rewards", rewards.length, "anchors", anchors.length);
        Groups.requireSameLength("rewards", rewards.length, "usable", usable.length);
        double[][] advantage = new double[rewards.length][];
        int[][] label = new int[rewards.length][];
        for (int i = 0; i < rewards.length; i++) {
            Groups.requireSameLength("rewards", rewards[i].length, "anchors", anchors[i].length);
            advantage[i] = new double[rewards[i].length];
            for (int j = 0; j < rewards[i].length; j++) {
                advantage[i][j] = rewards[i][j] - anchors[i][j];
            }
            label[i] = labels(advantage[i], Groups.kept(rewards[i], usable[i]), usable[i], rule);
        }
        return new Feedback(advantage, label, usable);
    }

    private static int[] labels(double[] advantage, double[] usableRewards, boolean[] usable, FilterRule rule) {
        if (rule instanceof FilterRule.Std std) {
            return beyond(std.threshold() * Math.max(Groups.std(usableRewards), std.floor()), advantage, usable);
        }
        if (rule instanceof FilterRule.Absolute absolute) {
            return beyond(absolute.tau(), advantage, usable);
        }
        if (rule instanceof FilterRule.Fraction fraction) {
            return extremes(fraction.q(), advantage, usable);
        }
        return beyond(0.0, advantage, usable);
    }

    private static int[] beyond(double threshold, double[] advantage, boolean[] usable) {
        int[] label = new int[advantage.length];
        for (int j = 0; j < label.length; j++) {
            label[j] = usable[j] && Math.abs(advantage[j]) > threshold ? sign(advantage[j]) : 0;
        }
        return label;
    }

    private static int[] extremes(double q, double[] advantage, boolean[] usable) {
        List<Integer> order = IntStream.range(0, advantage.length)
                .filter(j -> usable[j])
                .boxed()
                .sorted(Comparator.comparingDouble((Integer j) -> advantage[j]).reversed())
                .toList();
        // q n that is whole on paper can come out a rounding error below it (0.29 * 100).
        int n = (int) Math.floor(q * order.size() + 1e-9);
        int[] label = new int[advantage.length];
        for (int k = 0; k < n; k++) {
            int highest = order.get(k);
            int lowest = order.get(order.size() - 1 - k);
            label[highest] = advantage[highest] > 0 ? 1 : label[highest];
            label[lowest] = advantage[lowest] < 0 ? -1 : label[lowest];
        }
        return label;
    }

    private static int sign(double advantage) {
        return advantage > 0 ? 1 : -1;
    }
}

package dev.flipside.algo;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;

/**
 * The anchors that SAVE grades a prompt's samples against (option {@code save.anchor}), {@code [prompt][sample]}. A
 * frozen or a shuffled anchor is {@link #value} on other values.
 */
public final class Anchors {
    private Anchors() {}

    /**
     * The prompt's value for all its samples.
     *
     * @param values {@code [prompts]}
     * @param rewards gives the shape, {@code [prompt][sample]}
     */
    public static double[][] value(double[] values, double[][] rewards) {
        Groups.requireSameLength("values", values.length, "rewards", rewards.length);
        double[][] anchors = new double[rewards.length][];
        for (int i = 0; i < rewards.length; i++) {
            anchors[i] = new double[rewards[i].length];
            Arrays.fill(anchors[i], values[i]);
        }
        return anchors;
    }

    /**
     * The mean reward of the prompt's other usable samples. It is the sample's own reward, so that its advantage is
     * exactly 0, where there is no other, and where all usable rewards of the group are equal to it.
     *
     * @param rewards {@code [prompt][sample]}
     * @param usable which samples count, same shape
     */
    public static double[][] leaveOneOut(double[][] rewards, boolean[][] usable) {
        Groups.requireSameLength("rewards", rewards.length, "usable", usable.length);
        double[][] anchors = new double[rewards.length][];
        for (int i = 0; i < rewards.length; i++) {
            anchors[i] = new double[rewards[i].length];
            double[] kept = Groups.kept(rewards[i], usable[i]);
            double sum = Groups.mean(kept) * kept.length;
            boolean equal = Groups.allEqual(kept);
            for (int j = 0; j < rewards[i].length; j++) {
                double own = usable[i][j] ? rewards[i][j] : 0.0;
                int others = kept.length - (usable[i][j] ? 1 : 0);
                boolean noContrast = others == 0 || (equal && kept[0] == rewards[i][j]);
                anchors[i][j] = noContrast ? rewards[i][j] : (sum - own) / others;
            }
        }
        return anchors;
    }

    /**
     * {@code kappa * value + (1 - kappa) * mean usable reward of the group}; the value alone for a prompt without a
     * usable sample.
     *
     * @param kappa the weight of the value, 0 to 1
     */
    public static double[][] mixture(double[] values, double[][] rewards, boolean[][] usable, double kappa) {
        if (!(kappa >= 0 && kappa <= 1)) {
            throw new IllegalArgumentException("kappa is " + kappa + ", must be from 0 to 1");
        }
        Groups.requireSameLength("values", values.length, "rewards", rewards.length);
        Groups.requireSameLength("rewards", rewards.length, "usable", usable.length);
        double[] mixed = new double[values.length];
        for (int i = 0; i < mixed.length; i++) {
            double[] kept = Groups.kept(rewards[i], usable[i]);
            mixed[i] = kept.length == 0 ? values[i] : kappa * values[i] + (1 - kappa) * Groups.mean(kept);
        }
        return value(mixed, rewards);
    }

    /**
     * Each prompt's anchors moved by a multiple of the standard deviation of its usable rewards: a control that says
     * how much a good anchor is worth.
     *
     * @param multiple of a prompt, by its place in the batch
     */
    public static double[][] moved(
            double[][] anchors, double[][] rewards, boolean[][] usable, IntToDoubleFunction multiple) {
        Groups.requireSameLength("anchors", anchors.length, "rewards", rewards.length);
        double[][] moved = new double[anchors.length][];
        for (int i = 0; i < anchors.length; i++) {
            double by = multiple.applyAsDouble(i) * Groups.std(Groups.kept(rewards[i], usable[i]));
            moved[i] = Arrays.stream(anchors[i]).map(a -> a + by).toArray();
        }
        return moved;
    }
}

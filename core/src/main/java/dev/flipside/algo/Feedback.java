package dev.flipside.algo;

/**
 * What the reward model tells itself about the samples of a step.
 *
 * @param advantage reward minus anchor, {@code [prompt][sample]}
 * @param label +1 for a positive, -1 for a negative, 0 for an ambiguous or unusable sample, same shape
 * @param usable which samples could be labelled at all, same shape
 */
public record Feedback(double[][] advantage, int[][] label, boolean[][] usable) {
    public Feedback {
        Groups.requireSameLength("advantage", advantage.length, "label", label.length);
        Groups.requireSameLength("advantage", advantage.length, "usable", usable.length);
        for (int i = 0; i < label.length; i++) {
            Groups.requireSameLength("advantage", advantage[i].length, "label", label[i].length);
            Groups.requireSameLength("advantage", advantage[i].length, "usable", usable[i].length);
        }
    }

    /** The same samples with other labels (a control experiment). */
    public Feedback withLabels(int[][] labels) {
        return new Feedback(advantage, labels, usable);
    }

    /** Per prompt, whether it has at least one positive and one negative sample. */
    public boolean[] bothSigns() {
        boolean[] both = new boolean[label.length];
        for (int i = 0; i < both.length; i++) {
            both[i] = bothSigns(label[i]);
        }
        return both;
    }

    /** Share of the usable samples that have a label; 0 when none is usable. */
    public double keptFraction() {
        return positiveFraction() + negativeFraction();
    }

    /** Share of the usable samples that are labelled positive. */
    public double positiveFraction() {
        return fraction(1);
    }

    /** Share of the usable samples that are labelled negative. */
    public double negativeFraction() {
        return fraction(-1);
    }

    static boolean bothSigns(int[] labels) {
        return count(labels, 1) > 0 && count(labels, -1) > 0;
    }

    static int count(int[] labels, int sign) {
        int count = 0;
        for (int label : labels) {
            count += label == sign ? 1 : 0;
        }
        return count;
    }

    private double fraction(int sign) {
        int labelled = 0;
        int all = 0;
        for (int i = 0; i < label.length; i++) {
            labelled += count(label[i], sign);
            for (boolean u : usable[i]) {
                all += u ? 1 : 0;
            }
        }
        return all == 0 ? 0.0 : labelled / (double) all;
    }
}

package dev.flipside.algo;

/**
 * Labels that do not come from the reward model's own advantage (option {@code save.labels}): what SAVE has to be
 * compared with.
 */
public final class ControlLabels {
    /** Gold rewards this close to their group's mean are neither good nor bad. */
    private static final double GOLD_DEAD_ZONE = 1e-6;

    private ControlLabels() {}

    /** A fair coin for each sample; deriving it from the sample's place keeps a run reproducible. */
    @FunctionalInterface
    public interface Coin {
        /** Whether the sample is called positive. */
        boolean positive(int prompt, int sample);
    }

    /**
     * The kept samples with signs by lot: separates what the labels say from the mere act of training on confident
     * samples.
     */
    public static int[][] randomSigns(int[][] labels, Coin coin) {
        int[][] random = new int[labels.length][];
        for (int i = 0; i < labels.length; i++) {
            random[i] = new int[labels[i].length];
            for (int j = 0; j < labels[i].length; j++) {
                if (labels[i][j] != 0) {
                    random[i][j] = coin.positive(i, j) ? 1 : -1;
                }
            }
        }
        return random;
    }

    /**
     * The sign of the gold reward minus its mean over the group's usable samples, 0 within 1e-6 of it and where gold is
     * NaN: the upper bound of what labels can teach.
     *
     * @param gold {@code [prompt][sample]}
     * @param usable which samples count, same shape
     */
    public static int[][] gold(double[][] gold, boolean[][] usable) {
        Groups.requireSameLength("gold", gold.length, "usable", usable.length);
        int[][] labels = new int[gold.length][];
        for (int i = 0; i < gold.length; i++) {
            labels[i] = new int[gold[i].length];
            double mean = Groups.mean(Groups.scorable(Groups.kept(gold[i], usable[i])));
            for (int j = 0; j < gold[i].length; j++) {
                double advantage = gold[i][j] - mean;
                if (usable[i][j] && Math.abs(advantage) > GOLD_DEAD_ZONE) {
                    labels[i][j] = advantage > 0 ? 1 : -1;
                }
            }
        }
        return labels;
    }
}

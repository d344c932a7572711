package dev.flipside.algo;

/**
 * What the value head is fitted to (option {@code save.value_target}); both are unbiased estimates of the expected
 * reward of the prompt under the policy.
 */
public enum ValueTarget {
    /** The mean reward of the prompt's usable samples: one target. */
    GROUP_MEAN {
        @Override
        double[] targets(double[] kept) {
            return kept.length == 0 ? new double[0] : new double[] {Groups.mean(kept)};
        }
    },
    /** For each usable sample the mean of the others: as many targets; none for a single sample. */
    LEAVE_ONE_OUT {
        @Override
        double[] targets(double[] kept) {
            if (kept.length < 2) {
                return new double[0];
            }
            double sum = Groups.mean(kept) * kept.length;
            double[] targets = new double[kept.length];
            for (int j = 0; j < kept.length; j++) {
                targets[j] = (sum - kept[j]) / (kept.length - 1);
            }
            return targets;
        }
    };

    abstract double[] targets(double[] kept);

    /**
     * The targets of every prompt.
     *
     * @param rewards {@code [prompt][sample]}
     * @param usable which samples count, same shape: the reward of a truncated completion is not the reward of an
     *     answer
     * @return {@code [prompt][targets]}; an empty row for a prompt without a target
     */
    public double[][] targets(double[][] rewards, boolean[][] usable) {
        Groups.requireSameLength("rewards", rewards.length, "usable", usable.length);
        double[][] targets = new double[rewards.length][];
        for (int i = 0; i < rewards.length; i++) {
            targets[i] = targets(Groups.kept(rewards[i], usable[i]));
        }
        return targets;
    }
}

package dev.flipside.train;

import dev.flipside.algo.Groups;

/** Log-probabilities of a generation batch under the policy that sampled it, {@code [completion][token]}. */
sealed interface OldLogprobs {
    /**
     * Of one completion.
     *
     * @param now what the policy that is being trained says of it
     */
    double[] of(int completion, double[] now);

    /** Of all completions, once every one has been asked for. */
    double[][] all();

    /**
     * Tells all ranks what each of them was told.
     *
     * @param own completions that this rank has asked for
     * @param whole what all ranks have asked for, in their order
     */
    void share(Ranks ranks, int[] own, int[] whole);

    /** Computed before the first optimiser step. */
    record Known(double[][] all) implements OldLogprobs {
        @Override
        public double[] of(int completion, double[] now) {
            return all[completion];
        }

        @Override
        public void share(Ranks ranks, int[] own, int[] whole) {}
    }

    /**
     * The policy that sampled is the policy of the only optimiser step: what the step computes is what is wanted, and
     * every ratio is 1.
     */
    record OfTheOnlyStep(double[][] all) implements OldLogprobs {
        OfTheOnlyStep(int completions) {
            this(new double[completions][]);
        }

        @Override
        public double[] of(int completion, double[] now) {
            all[completion] = now;
            return now;
        }

        @Override
        public void share(Ranks ranks, int[] own, int[] whole) {
            double[][] rows = ranks.parts(Groups.pick(all, own));
            for (int i = 0; i < whole.length; i++) {
                all[whole[i]] = rows[i];
            }
        }
    }
}

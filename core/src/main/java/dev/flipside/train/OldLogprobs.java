package dev.flipside.train;

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

    /** Computed before the first optimiser step. */
    record Known(double[][] all) implements OldLogprobs {
        @Override
        public double[] of(int completion, double[] now) {
            return all[completion];
        }
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
    }
}

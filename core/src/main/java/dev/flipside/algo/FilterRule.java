package dev.flipside.algo;

/** Which samples are clear enough to teach the reward model (option {@code save.filter}). */
public sealed interface FilterRule {
    /**
     * Kept if {@code |A| > threshold * max(std, floor)}, with the unbiased std of the prompt's usable rewards.
     *
     * @param threshold standard deviations, at least 0
     * @param floor the least std that is believed, at least 0: without it a group of near-equal rewards would be graded
     *     by noise
     */
    record Std(double threshold, double floor) implements FilterRule {
        public Std {
            Groups.requireNotNegative("threshold", threshold);
            Groups.requireNotNegative("floor", floor);
        }
    }

    /**
     * Kept if {@code |A| > tau}.
     *
     * @param tau in units of the reward, at least 0
     */
    record Absolute(double tau) implements FilterRule {
        public Absolute {
            Groups.requireNotNegative("tau", tau);
        }
    }

    /**
     * Of n usable samples, the {@code floor(q n)} with the highest advantage as far as it is above 0 and as many with
     * the lowest as far as it is below 0. Of equal advantages the earlier samples count as higher.
     *
     * @param q above 0, at most 1
     */
    record Fraction(double q) implements FilterRule {
        public Fraction {
            if (!(q > 0 && q <= 1)) {
                throw new IllegalArgumentException("q is " + q + ", must be above 0 and at most 1");
            }
        }
    }

    /** Every sample whose advantage is not exactly 0. */
    record None() implements FilterRule {}
}

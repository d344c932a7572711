package dev.flipside.eval.benchmark;

/**
 * What one prompt contributes to a benchmark's score: components, each a sum and its weight, of which a {@link Means}
 * takes the ratio over the units of a group.
 *
 * @param group units of different groups are never averaged directly and never resampled together
 * @param cluster the prompt; units of one prompt are resampled together
 * @param sums one per component, the same components for every unit of a group
 * @param weights how often each component counts; 0 where it says nothing of this unit
 */
@SuppressWarnings("ArrayRecordComponent") // thousands of units are added up ten thousand times; they are never compared
record Unit(String group, String cluster, double[] sums, double[] weights) {
    Unit {
        if (sums.length != weights.length) {
            throw new IllegalArgumentException(sums.length + " sums, " + weights.length + " weights");
        }
    }

    /** Components of weight 1; those that are NaN do not count. */
    static Unit of(ScoredItem item, String group, double... components) {
        return of(group, item.prompt(), components);
    }

    static Unit of(String group, String cluster, double... components) {
        double[] sums = new double[components.length];
        double[] weights = new double[components.length];
        for (int c = 0; c < components.length; c++) {
            boolean counts = !Double.isNaN(components[c]);
            sums[c] = counts ? components[c] : 0;
            weights[c] = counts ? 1 : 0;
        }
        return new Unit(group, cluster, sums, weights);
    }
}

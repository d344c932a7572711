package dev.flipside.reward;

import dev.flipside.config.UserError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Several reward functions with weights.
 *
 * <p>As in TRL's GRPO trainer (1.13, {@code sum_then_normalize}): the total is the weighted sum of the functions that
 * could judge the sample, and NaN only when none could; a trainer leaves such a sample out of its group's statistics
 * and gives it advantage 0.
 */
public final class RewardMix {
    private final List<RewardTerm> terms;

    /**
     * A mix of at least one term.
     *
     * @throws UserError when two terms share a label
     */
    public RewardMix(List<RewardTerm> terms) {
        this.terms = List.copyOf(terms);
        Set<String> labels = new HashSet<>();
        for (RewardTerm term : terms) {
            if (!labels.add(term.label())) {
                throw new UserError(
                        "Two reward functions are labelled '" + term.label()
                                + "', so their metrics would overwrite each other; give one of them a label of its own, such as {name: length, label: short}.");
            }
        }
    }

    public List<RewardTerm> terms() {
        return terms;
    }

    /**
     * Every function's rewards, unweighted, by label in the order of the terms; each array has one entry per sample.
     *
     * @throws UserError when a function fails ({@link RewardFunctions#ask})
     */
    public Map<String, double[]> score(List<RewardFunction.Sample> samples) {
        Map<String, double[]> rewards = new LinkedHashMap<>();
        for (RewardTerm term : terms) {
            rewards.put(term.label(), RewardFunctions.ask(term.label(), term.function(), samples));
        }
        return rewards;
    }

    /** The totals of what {@link #score} returned. */
    public double[] total(Map<String, double[]> rewards) {
        List<double[]> columns = new ArrayList<>();
        double[] weights = new double[terms.size()];
        for (int i = 0; i < weights.length; i++) {
            columns.add(rewards.get(terms.get(i).label()));
            weights[i] = terms.get(i).weight();
        }
        return weightedSum(columns, weights);
    }

    /**
     * The weighted sum over columns, where NaN counts as absent; NaN where every column is. Also adds programmed
     * rewards to a reward model's.
     *
     * @param columns at least one, all of the same length
     * @param weights one per column
     */
    public static double[] weightedSum(List<double[]> columns, double[] weights) {
        if (columns.isEmpty() || columns.size() != weights.length) {
            throw new IllegalArgumentException(columns.size() + " reward columns, " + weights.length + " weights");
        }
        double[] totals = new double[columns.get(0).length];
        for (int i = 0; i < totals.length; i++) {
            double sum = 0;
            boolean judged = false;
            for (int c = 0; c < weights.length; c++) {
                double reward = columns.get(c)[i];
                if (!Double.isNaN(reward)) {
                    sum += weights[c] * reward;
                    judged = true;
                }
            }
            totals[i] = judged ? sum : Double.NaN;
        }
        return totals;
    }
}

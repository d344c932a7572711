package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.algo.RankCorrelation;
import dev.flipside.config.Looks;
import dev.flipside.config.Spelling;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How far looks decide: what of a run's metrics is about length and Markdown. */
final class LooksFigures {
    private LooksFigures() {}

    /** Rank correlation within groups of the reward and a look of the samples that teach, before the update. */
    static String correlation(Looks look) {
        return "save/spearman_" + Spelling.of(look);
    }

    /**
     * The share of a file's pairs whose chosen answer has more of a look; a pair with as much in both is half a one.
     */
    static String preferred(String file, Looks look) {
        return "data/" + file + "/prefers_" + Spelling.of(look) + "_frac";
    }

    /** Trusted pairs ordered wrongly in which the preferred answer has more of a look. */
    static String wrongTowardsMore(Looks look) {
        return "eval_trusted/wrong_towards_more_" + Spelling.of(look);
    }

    /** Trusted pairs ordered wrongly in which the preferred answer has less of a look. */
    static String wrongTowardsLess(Looks look) {
        return "eval_trusted/wrong_towards_less_" + Spelling.of(look);
    }

    /** Of samples. A look that no group differs in has no figure. */
    static Map<String, Double> correlations(RolloutBatch batch, double[][] rewards) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        double[][][] looks = batch.looks(List.of(Looks.values())).orElseThrow();
        for (Looks look : Looks.values()) {
            double[] values = Arrays.stream(looks)
                    .flatMap(Arrays::stream)
                    .mapToDouble(features -> features[look.ordinal()])
                    .toArray();
            double correlation = RankCorrelation.groupSpearman(Groups.flat(rewards), values, batch.groupSize());
            if (Double.isFinite(correlation)) {
                metrics.put(correlation(look), correlation);
            }
        }
        return metrics;
    }

    /** Of labelled pairs. */
    static Map<String, Double> preferred(String file, GuardPairs pairs) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        for (Looks look : Looks.values()) {
            Arrays.stream(pairs.more())
                    .mapToDouble(more -> (1 + Integer.signum(more[look.ordinal()])) / 2.0)
                    .average()
                    .ifPresent(share -> metrics.put(preferred(file, look), share));
        }
        return metrics;
    }

    /**
     * Of trusted pairs.
     *
     * @param correct which pairs the reward model orders as labelled
     */
    static Map<String, Double> mistakes(boolean[] correct, GuardPairs pairs) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("eval_trusted/accuracy", (double) Groups.count(correct) / correct.length);
        for (Looks look : Looks.values()) {
            int more = 0;
            int less = 0;
            for (int i = 0; i < correct.length; i++) {
                int chosenHas = pairs.more()[i][look.ordinal()];
                more += !correct[i] && chosenHas < 0 ? 1 : 0;
                less += !correct[i] && chosenHas > 0 ? 1 : 0;
            }
            metrics.put(wrongTowardsMore(look), (double) more);
            metrics.put(wrongTowardsLess(look), (double) less);
        }
        return metrics;
    }
}

package dev.flipside.eval.judge;

import dev.flipside.algo.Logistic;
import dev.flipside.eval.Interval;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.commons.math3.stat.StatUtils;

/**
 * AlpacaEval 2's length-controlled win rate (Dubois et al. 2024, arXiv 2404.04475; alpaca_eval,
 * {@code metrics/glm_winrate.py}): a logistic regression of the preference on {@code tanh} of the standardised length
 * difference, the instruction's difficulty and the model; the win rate is what it predicts where lengths are equal.
 *
 * <p>With a {@link GamedBaseline} this is {@code length_controlled_v1}, the leaderboard's; the gamed baselines' answers
 * take part with a tenth of the weight, as a prior. Without one it is {@code length_controlled_minimal}, which knows no
 * difficulty. The penalty's strength is chosen by 5-fold cross-validation as there.
 */
public final class LengthControl {
    /** What scikit-learn tries by default: ten values of C from 1e-4 to 1e4, evenly spaced in the logarithm. */
    private static final double[] STRENGTHS = strengths();

    private static final int FOLDS = 5;
    private static final int RESAMPLES = 1000;
    /** 0.2, halved because there are two gamed baselines. */
    private static final double GAMED_WEIGHT = 0.1;

    private static final double LOG_FLOOR = 1e-15;

    private LengthControl() {}

    /**
     * The fit.
     *
     * @param weights of the length term, the difficulty (where there is one) and the model, in this order
     * @param strength the C that cross-validation chose
     * @param winRate in [0, 1]
     * @param standardError of the predictions' mean, as alpaca_eval reports it: it does not contain that the weights
     *     are estimates
     * @param predictions the preference for the model at equal lengths, one per item, in [0, 1]
     */
    public record Fit(
            List<Double> weights, double strength, double winRate, double standardError, List<Double> predictions) {}

    private record Features(double[] row, double target, double weight) {}

    /**
     * Fits the regression.
     *
     * @param items at least {@value #FOLDS} with a preference, whose length differences are not all the same
     */
    public static Fit fit(List<JudgedInstruction> items, Optional<GamedBaseline> gamed) {
        List<double[]> model = modelRows(items, gamed);
        List<Features> training = training(items, model, gamed);
        double strength = chosenStrength(training);
        double[] weights = regression(training).fit(strength, new double[model.get(0).length]);
        return fitted(model, weights, strength);
    }

    /**
     * The 95 % percentile bootstrap interval of the win rate over instructions: the regression is fitted again to each
     * of {@value #RESAMPLES} resamples, with the strength that was chosen for all, and the gamed baselines unchanged.
     * alpaca_eval has no such interval.
     */
    public static Interval interval(List<JudgedInstruction> items, Optional<GamedBaseline> gamed, Fit fit) {
        SplittableRandom random = new SplittableRandom(0);
        double[] rates = new double[RESAMPLES];
        Arrays.setAll(rates, round -> {
            List<JudgedInstruction> some = new ArrayList<>();
            for (int i = 0; i < items.size(); i++) {
                some.add(items.get(random.nextInt(items.size())));
            }
            return canFit(some) ? winRate(some, gamed, fit.strength(), fit.weights()) : fit.winRate();
        });
        return new Interval(fit.winRate(), ArenaHard.quantile(rates, 2.5), ArenaHard.quantile(rates, 97.5));
    }

    /** Refits on some of the items, some perhaps several times. */
    private static double winRate(
            List<JudgedInstruction> items, Optional<GamedBaseline> gamed, double strength, List<Double> start) {
        List<double[]> model = modelRows(items, gamed);
        double[] weights = regression(training(items, model, gamed))
                .fit(strength, start.stream().mapToDouble(Double::doubleValue).toArray());
        return fitted(model, weights, strength).winRate();
    }

    /** Whether there is enough to fit. */
    public static boolean canFit(List<JudgedInstruction> items) {
        return items.stream().filter(item -> !Double.isNaN(item.preference())).count() >= FOLDS
                && standardDeviation(items) > 0;
    }

    private static Fit fitted(List<double[]> model, double[] weights, double strength) {
        double[] predictions = model.stream()
                .mapToDouble(row -> {
                    double[] equalLengths = row.clone();
                    equalLengths[0] = 0;
                    return Logistic.sigmoid(L1LogisticRegression.linear(equalLengths, weights));
                })
                .toArray();
        return new Fit(
                Arrays.stream(weights).boxed().toList(),
                strength,
                StatUtils.mean(predictions),
                Math.sqrt(StatUtils.variance(predictions) / predictions.length),
                Arrays.stream(predictions).boxed().toList());
    }

    private static double standardDeviation(List<JudgedInstruction> items) {
        double[] differences = items.stream()
                .mapToDouble(item -> item.baselineLength() - item.modelLength())
                .toArray();
        return Math.sqrt(StatUtils.variance(differences));
    }

    private static List<double[]> modelRows(List<JudgedInstruction> items, Optional<GamedBaseline> gamed) {
        double deviation = standardDeviation(items);
        return items.stream()
                .map(item -> {
                    double length = Math.tanh((item.baselineLength() - item.modelLength()) / deviation);
                    return gamed.map(known -> new double[] {length, known.difficultyOf(item.index()), 1})
                            .orElseGet(() -> new double[] {length, 1});
                })
                .toList();
    }

    private static List<Features> training(
            List<JudgedInstruction> items, List<double[]> model, Optional<GamedBaseline> gamed) {
        List<Features> rows = new ArrayList<>();
        gamed.ifPresent(known -> known.observations()
                .forEach(seen -> rows.add(new Features(
                        new double[] {Math.tanh(seen.lengthDifference()), seen.difficulty(), 0},
                        seen.preference(),
                        GAMED_WEIGHT))));
        for (int i = 0; i < items.size(); i++) {
            double preference = items.get(i).preference();
            if (!Double.isNaN(preference)) {
                rows.add(new Features(model.get(i), preference - 1, 1));
            }
        }
        return rows;
    }

    private static L1LogisticRegression regression(List<Features> rows) {
        return new L1LogisticRegression(
                rows.stream().map(Features::row).toArray(double[][]::new),
                rows.stream().mapToDouble(Features::target).toArray(),
                rows.stream().mapToDouble(Features::weight).toArray());
    }

    private static double chosenStrength(List<Features> rows) {
        int columns = rows.get(0).row().length;
        double[] loss = new double[STRENGTHS.length];
        for (int fold = 0; fold < FOLDS; fold++) {
            L1LogisticRegression regression = regression(rowsOfFold(rows, fold, false));
            List<Features> held = rowsOfFold(rows, fold, true);
            double[] weights = new double[columns];
            for (int i = 0; i < STRENGTHS.length; i++) {
                weights = regression.fit(STRENGTHS[i], weights);
                loss[i] += logLoss(held, weights) / FOLDS;
            }
        }
        int best = 0;
        for (int i = 1; i < STRENGTHS.length; i++) {
            best = loss[i] < loss[best] ? i : best;
        }
        return STRENGTHS[best];
    }

    /** Rows are dealt out in turn, beginning with the last, as scikit-learn's GroupKFold deals groups of equal size. */
    private static List<Features> rowsOfFold(List<Features> rows, int fold, boolean held) {
        List<Features> some = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            if (((rows.size() - 1 - i) % FOLDS == fold) == held) {
                some.add(rows.get(i));
            }
        }
        return some;
    }

    private static double logLoss(List<Features> rows, double[] weights) {
        double sum = 0;
        for (Features row : rows) {
            double p = Logistic.sigmoid(L1LogisticRegression.linear(row.row(), weights));
            double clipped = Math.min(1 - LOG_FLOOR, Math.max(LOG_FLOOR, p));
            sum -= row.weight() * (row.target() * Math.log(clipped) + (1 - row.target()) * Math.log(1 - clipped));
        }
        return sum / rows.size();
    }

    private static double[] strengths() {
        double[] values = new double[10];
        Arrays.setAll(values, i -> Math.pow(10, -4 + 8.0 * i / 9));
        return values;
    }
}

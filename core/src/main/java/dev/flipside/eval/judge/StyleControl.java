package dev.flipside.eval.judge;

import dev.flipside.algo.Logistic;
import dev.flipside.config.UserError;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;

/**
 * Arena-Hard's scores with style held equal: a Bradley-Terry regression of the results on the model and on the
 * differences in length and Markdown (arena-hard-auto, {@code show_result.py} with {@code length markdown}), fitted to
 * resamples of all results together.
 *
 * <p>The authors stop L-BFGS after 50 steps of a tenth of its length, a little before the optimum (0.2 percentage
 * points in a test of ours). So does this, because the published numbers do.
 */
public final class StyleControl {
    private static final int FEATURES = 4;

    private StyleControl() {}

    /**
     * The scores.
     *
     * @param scores the median and the 5 % and 95 % quantiles over the resamples, by model; the baseline's is 0.5
     * @param coefficients medians for length, headers, lists and bold: positive where the judge favours more of it
     */
    public record Fit(Map<String, ArenaScore> scores, List<Double> coefficients) {}

    /**
     * Fits {@value ArenaHard#ROUNDS} resamples.
     *
     * @param style the features of a model's answer: model, then question
     */
    public static Fit fit(
            List<ArenaBattle> battles, String baseline, BiFunction<String, String, StyleFeatures> style, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[][] resamples = new int[ArenaHard.ROUNDS][battles.size()];
        for (int[] resample : resamples) {
            Arrays.setAll(resample, i -> random.nextInt(battles.size()));
        }
        return fit(battles, baseline, style, resamples);
    }

    static Fit fit(
            List<ArenaBattle> battles,
            String baseline,
            BiFunction<String, String, StyleFeatures> style,
            int[][] resamples) {
        TreeSet<String> models = new TreeSet<>();
        battles.forEach(battle -> models.add(battle.model()));
        if (!models.add(baseline)) {
            throw new UserError("Model and baseline are both named '" + baseline
                    + "', so that a regression cannot tell them apart; name the model with --name.");
        }
        List<String> names = List.copyOf(models);
        double[][] x = features(battles, names, baseline, style);
        double[] results = battles.stream().mapToDouble(ArenaBattle::score).toArray();
        double[][] coefficients = new double[resamples.length][];
        for (int round = 0; round < resamples.length; round++) {
            coefficients[round] = bradleyTerry(x, results, resamples[round]);
        }
        return summary(names, names.indexOf(baseline), coefficients);
    }

    private static Fit summary(List<String> names, int baseline, double[][] coefficients) {
        Map<String, ArenaScore> scores = new LinkedHashMap<>();
        for (int m = 0; m < names.size(); m++) {
            int model = m;
            double[] wins = Arrays.stream(coefficients)
                    .mapToDouble(round -> Logistic.sigmoid(round[model] - round[baseline]))
                    .toArray();
            scores.put(
                    names.get(m),
                    new ArenaScore(
                            ArenaHard.quantile(wins, 50), ArenaHard.quantile(wins, 5), ArenaHard.quantile(wins, 95)));
        }
        List<Double> medians = IntStream.range(0, FEATURES)
                .mapToObj(f -> ArenaHard.quantile(
                        Arrays.stream(coefficients)
                                .mapToDouble(round -> round[names.size() + f])
                                .toArray(),
                        50))
                .toList();
        return new Fit(scores, medians);
    }

    /** One row per result: +1 for the model and -1 for the baseline, then the standardised differences in style. */
    static double[][] features(
            List<ArenaBattle> battles,
            List<String> names,
            String baseline,
            BiFunction<String, String, StyleFeatures> style) {
        double[][] differences = battles.stream()
                .map(battle ->
                        difference(style.apply(battle.model(), battle.uid()), style.apply(baseline, battle.uid())))
                .toArray(double[][]::new);
        standardise(differences);
        double[][] rows = new double[battles.size()][names.size() + FEATURES];
        for (int i = 0; i < rows.length; i++) {
            rows[i][names.indexOf(battles.get(i).model())] = 1;
            rows[i][names.indexOf(baseline)] = -1;
            System.arraycopy(differences[i], 0, rows[i], names.size(), FEATURES);
        }
        return rows;
    }

    /**
     * Relative for the length; for Markdown, of its density, with one added below so that answers without any do not
     * divide by zero.
     */
    private static double[] difference(StyleFeatures model, StyleFeatures baseline) {
        double tokens = (double) model.tokens() + baseline.tokens();
        return new double[] {
            tokens == 0 ? 0 : (model.tokens() - baseline.tokens()) / tokens,
            densityDifference(model.headers(), model.tokens(), baseline.headers(), baseline.tokens()),
            densityDifference(model.lists(), model.tokens(), baseline.lists(), baseline.tokens()),
            densityDifference(model.bold(), model.tokens(), baseline.bold(), baseline.tokens())
        };
    }

    private static double densityDifference(int count, int tokens, int baselineCount, int baselineTokens) {
        double density = count / (tokens + 1.0);
        double baseline = baselineCount / (baselineTokens + 1.0);
        return (density - baseline) / (density + baseline + 1);
    }

    /** To mean 0 and standard deviation 1; a feature that never differs stays 0 and has no effect. */
    private static void standardise(double[][] rows) {
        for (int f = 0; f < FEATURES; f++) {
            int feature = f;
            double[] column =
                    Arrays.stream(rows).mapToDouble(row -> row[feature]).toArray();
            double mean = StatUtils.mean(column);
            double deviation = Math.sqrt(StatUtils.variance(column));
            for (double[] row : rows) {
                row[f] = deviation > 0 ? (row[f] - mean) / deviation : 0;
            }
        }
    }

    /** The coefficients after the authors' number of steps, on the rows that {@code resample} names. */
    static double[] bradleyTerry(double[][] x, double[] results, int[] resample) {
        double[] start = new double[x[0].length];
        Arrays.fill(start, 0.5);
        return new LimitedMemoryBfgs(0.1, 50, 1e-9).minimise(start, (w, gradient) -> {
            double loss = 0;
            for (int i : resample) {
                double z = L1LogisticRegression.linear(x[i], w);
                loss += Logistic.softplus(z) - results[i] * z;
                double slope = Logistic.sigmoid(z) - results[i];
                for (int j = 0; j < w.length; j++) {
                    gradient[j] += slope * x[i][j];
                }
            }
            return loss;
        });
    }
}

package dev.flipside.eval.judge;

import dev.flipside.text.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.apache.commons.math3.stat.descriptive.rank.Percentile.EstimationType;

/**
 * Arena-Hard's games and scores (Li et al. 2024, arXiv 2406.11939; arena-hard-auto, {@code gen_judgment.py} and
 * {@code show_result.py}): the judge compares model and baseline twice with swapped places and ends with a label such
 * as {@code [[A>>B]]}; a clear verdict counts three times.
 */
public final class ArenaHard {
    /** What a template must show the judge. */
    public static final List<String> PLACEHOLDERS = List.of("question", "answer_a", "answer_b");
    /** How often the published interval resamples. */
    public static final int ROUNDS = 100;

    private static final List<Pattern> LABELS =
            List.of(Pattern.compile("\\[\\[([AB<>=]+)]]"), Pattern.compile("\\[([AB<>=]+)]"));
    private static final Pattern VERDICT = Pattern.compile("A(>>|>|=|<<|<)B|B(>>|>|=|<<|<)A");
    private static final int CLEAR = 3;

    private ArenaHard() {}

    /** The wording that is used unless the user gives another. */
    public static JudgeTemplate ownTemplate() {
        return JudgeTemplate.own("arena-hard.txt");
    }

    /** What the judge is asked in one game. */
    public static ChatRequest request(
            JudgeTemplate template, String judge, String question, String answerA, String answerB, int maxTokens) {
        List<Message> messages = template.fill(Map.of("question", question, "answer_a", answerA, "answer_b", answerB));
        return new ChatRequest(judge, messages, 0, maxTokens, 0);
    }

    /**
     * The game that a reply decides: by the last label in it; one in single brackets counts only where none is in
     * double ones.
     */
    public static ArenaGame game(String judgment) {
        String upper = judgment.toUpperCase(Locale.ROOT);
        for (Pattern pattern : LABELS) {
            Optional<String> last = Optional.empty();
            Matcher label = pattern.matcher(upper);
            while (label.find()) {
                last = Optional.of(label.group(1));
            }
            if (last.isPresent()) {
                return new ArenaGame(last.filter(ArenaHard::known), judgment);
            }
        }
        return new ArenaGame(Optional.empty(), judgment);
    }

    /** Whether a label is one that counts. */
    public static boolean known(String label) {
        return VERDICT.matcher(label).matches();
    }

    /** The results of all complete judgments: of each, first the game in which the model is A. */
    public static List<ArenaBattle> battles(List<ArenaJudgment> judgments) {
        List<ArenaBattle> battles = new ArrayList<>();
        for (ArenaJudgment judgment : judgments) {
            if (judgment.complete()) {
                scoresOfA(judgment.modelFirst().label().orElseThrow())
                        .forEach(score -> battles.add(new ArenaBattle(judgment.uid(), judgment.model(), score)));
                scoresOfA(judgment.baselineFirst().label().orElseThrow())
                        .forEach(score -> battles.add(new ArenaBattle(judgment.uid(), judgment.model(), 1 - score)));
            }
        }
        return battles;
    }

    private static List<Double> scoresOfA(String label) {
        String relation = label.substring(1, label.length() - 1);
        boolean startsWithA = label.startsWith("A");
        double score = relation.equals("=") ? 0.5 : relation.startsWith(">") == startsWithA ? 1 : 0;
        return Collections.nCopies(relation.length() == 2 ? CLEAR : 1, score);
    }

    /**
     * Each model's mean over {@value #ROUNDS} resamples of its results, with their 5 % and 95 % quantiles, in the order
     * in which models appear.
     */
    public static Map<String, ArenaScore> scores(List<ArenaBattle> battles, long seed) {
        Map<String, ArenaScore> scores = new LinkedHashMap<>();
        battles.stream().map(ArenaBattle::model).distinct().forEach(model -> {
            double[] results = battles.stream()
                    .filter(battle -> battle.model().equals(model))
                    .mapToDouble(ArenaBattle::score)
                    .toArray();
            SplittableRandom random = new SplittableRandom(seed);
            double[] means = new double[ROUNDS];
            Arrays.setAll(means, round -> Arrays.stream(results)
                    .map(ignored -> results[random.nextInt(results.length)])
                    .average()
                    .orElseThrow());
            scores.put(model, new ArenaScore(StatUtils.mean(means), quantile(means, 5), quantile(means, 95)));
        });
        return scores;
    }

    /** The model's mean result on each question with a complete judgment: what an interval over questions resamples. */
    public static double[] questionMeans(List<ArenaBattle> battles) {
        Map<String, double[]> sums = new LinkedHashMap<>();
        for (ArenaBattle battle : battles) {
            double[] sum = sums.computeIfAbsent(battle.uid(), uid -> new double[2]);
            sum[0] += battle.score();
            sum[1]++;
        }
        return sums.values().stream().mapToDouble(sum -> sum[0] / sum[1]).toArray();
    }

    /** Linear between order statistics, as pandas and NumPy do by default. */
    static double quantile(double[] values, double percent) {
        return new Percentile().withEstimationType(EstimationType.R_7).evaluate(values, percent);
    }
}

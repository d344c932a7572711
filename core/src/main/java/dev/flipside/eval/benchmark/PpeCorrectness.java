package dev.flipside.eval.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.data.Row;
import dev.flipside.text.Conversation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * PPE Correctness (arXiv 2410.14872): 32 answers of one model to a prompt, each right or wrong by a program. Pairwise
 * accuracy over the pairs that the file samples; best of K, how often the answer with the highest reward among K is
 * right. Both are means over the five domains.
 */
record PpeCorrectness() implements BenchmarkRule {
    private static final int[] K = {1, 2, 4, 8, 16, 32};
    private static final int BEST_OF = 1;
    private static final int ANY_RIGHT = BEST_OF + K.length;

    /** Domain to what a path says of it. */
    private static final Map<String, String> DOMAINS = domains();

    private static Map<String, String> domains() {
        Map<String, String> domains = new LinkedHashMap<>();
        domains.put("MMLU-Pro", "mmlu");
        domains.put("MATH", "math");
        domains.put("GPQA", "gpqa");
        domains.put("MBPP-Plus", "mbpp");
        domains.put("IFEval", "ifeval");
        return domains;
    }

    @Override
    public String shape() {
        return "question_id, prompt, response_1 to response_32, scores, sampled_conflict_pairs";
    }

    @Override
    public String tieRule() {
        return "a tie is wrong in pairs; among the best of K, equal answers share the choice";
    }

    @Override
    public BenchmarkItem item(Path file, Row row) {
        List<String> answers = new ArrayList<>();
        while (row.has("response_" + (answers.size() + 1))) {
            answers.add(row.requireText("response_" + (answers.size() + 1)));
        }
        List<Integer> labels = new ArrayList<>();
        for (JsonNode score : row.require("scores")) {
            labels.add(score.isBoolean() ? score.asBoolean() ? 1 : 0 : score.asDouble() > 0.5 ? 1 : 0);
        }
        if (answers.size() < 2 || labels.size() != answers.size()) {
            throw row.error("has " + answers.size() + " answers (response_1, response_2, ...) and " + labels.size()
                    + " scores; PPE Correctness has one score per answer");
        }
        return new BenchmarkItem(
                BenchmarkItem.id(row, "question_id"),
                domain(file, row),
                row.find("model_name").map(JsonNode::asText).stream().toList(),
                Conversation.ofPrompt(row.requireText("prompt")),
                answers,
                labels,
                comparisons(row, labels));
    }

    /** The sampled pairs, or every pair of a right and a wrong answer where a file samples none. */
    private static List<AnswerPair> comparisons(Row row, List<Integer> labels) {
        List<AnswerPair> pairs = new ArrayList<>();
        if (row.has("sampled_conflict_pairs")) {
            for (JsonNode pair : row.require("sampled_conflict_pairs")) {
                int a = pair.path(0).asInt(-1);
                int b = pair.path(1).asInt(-1);
                if (Math.min(a, b) < 0
                        || Math.max(a, b) >= labels.size()
                        || labels.get(a).equals(labels.get(b))) {
                    throw row.error("has in 'sampled_conflict_pairs' the pair " + pair
                            + ", which is not of a right and a wrong answer");
                }
                pairs.add(labels.get(a) > labels.get(b) ? new AnswerPair(a, b) : new AnswerPair(b, a));
            }
            return pairs;
        }
        for (int a = 0; a < labels.size(); a++) {
            for (int b = 0; b < labels.size(); b++) {
                if (labels.get(a) > labels.get(b)) {
                    pairs.add(new AnswerPair(a, b));
                }
            }
        }
        return pairs;
    }

    /**
     * Rows do not name their domain; the published data sets do: PPE-GPQA-Best-of-K. The nearest part of the path
     * decides.
     */
    private static String domain(Path file, Row row) {
        String told = row.has("domain") ? row.requireText("domain") : "";
        List<String> names = new ArrayList<>(List.of(told));
        for (int i = file.getNameCount() - 1; i >= 0; i--) {
            names.add(file.getName(i).toString());
        }
        for (String name : names) {
            for (Map.Entry<String, String> domain : DOMAINS.entrySet()) {
                if (name.toLowerCase(Locale.ROOT).contains(domain.getValue())) {
                    return domain.getKey();
                }
            }
        }
        throw row.error(
                "does not say its domain; name the file or its folder after the data set, such as PPE-GPQA-Best-of-K ("
                        + DOMAINS.keySet() + ")");
    }

    @Override
    public List<Unit> units(List<ScoredItem> items) {
        return items.stream().map(PpeCorrectness::unit).toList();
    }

    private static Unit unit(ScoredItem item) {
        double[] sums = new double[ANY_RIGHT + 1];
        double[] weights = new double[sums.length];
        sums[0] = item.ordered();
        weights[0] = item.comparisons().size();
        for (int k = 0; k < K.length; k++) {
            if (K[k] <= item.labels().size()) {
                sums[BEST_OF + k] = bestOf(K[k], item);
                weights[BEST_OF + k] = 1;
            }
        }
        sums[ANY_RIGHT] = item.labels().contains(1) ? 1 : 0;
        weights[ANY_RIGHT] = 1;
        return new Unit(item.subset(), item.prompt(), sums, weights);
    }

    /**
     * The expected label of the answer with the highest reward among {@code k} drawn without replacement, exactly: the
     * answer of rank i (from 0) of n is the best of the draw with probability C(n-1-i, k-1) / C(n, k). Answers of equal
     * reward share their ranks.
     */
    static double bestOf(int k, ScoredItem item) {
        int n = item.rewards().size();
        Integer[] order = new Integer[n];
        Arrays.setAll(order, i -> i);
        Arrays.sort(
                order,
                (a, b) -> Double.compare(item.rewards().get(b), item.rewards().get(a)));
        double expected = 0;
        double left = 1; // the probability that the best of the draw has rank `from` or a later one
        for (int from = 0; from < n; ) {
            int to = from;
            double labels = 0;
            while (to < n && item.rewards().get(order[to]).equals(item.rewards().get(order[from]))) {
                labels += item.labels().get(order[to]);
                to++;
            }
            double later = noneAmong(to, k, n);
            expected += (left - later) * labels / (to - from);
            left = later;
            from = to;
        }
        return expected;
    }

    /** The probability that none of the first {@code ranks} of n is among k drawn: C(n - ranks, k) / C(n, k). */
    private static double noneAmong(int ranks, int k, int n) {
        double p = 1;
        for (int i = 0; i < k; i++) {
            p *= Math.max(0, n - ranks - i) / (double) (n - i);
        }
        return p;
    }

    @Override
    public List<Metric> metrics(Means means) {
        List<String> domains = DOMAINS.keySet().stream().filter(means::has).toList();
        List<Metric> pairwise = domains.stream()
                .map(d -> Metric.of(d + ": pairwise", means, d, 0))
                .toList();
        List<Metric> all = new ArrayList<>();
        all.add(Metric.mean("pairwise accuracy", pairwise));
        for (int k = 0; k < K.length; k++) {
            int component = BEST_OF + k;
            List<Metric> of = domains.stream()
                    .filter(d -> means.weight(List.of(d), component) > 0)
                    .map(d -> Metric.of(d, means, d, component))
                    .toList();
            if (!of.isEmpty()) {
                all.add(Metric.mean(K[k] == 1 ? "best of 1 (chance)" : "best of " + K[k], of));
            }
        }
        all.add(Metric.mean(
                "any right (ceiling)",
                domains.stream().map(d -> Metric.of(d, means, d, ANY_RIGHT)).toList()));
        all.addAll(pairwise);
        return all;
    }

    @Override
    public List<String> missing(Set<String> groups) {
        return DOMAINS.keySet().stream().filter(d -> !groups.contains(d)).toList();
    }
}

package dev.flipside.eval.benchmark;

import dev.flipside.data.Row;
import dev.flipside.text.Conversation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * LLMBar (arXiv 2310.07641): which of two outputs follows the instruction, in a natural set and four adversarial ones.
 * Accuracy of each set; the mean of the adversarial four, and of all five. An evaluator that rates outputs one by one
 * is asked in both orders, so a tie is right in one of them (princeton-nlp/LLMBar, LLMEvaluator/evaluate.py).
 */
record LlmBar() implements BenchmarkRule {
    private static final String NATURAL = "Natural";
    private static final List<String> ADVERSARIAL = List.of("Neighbor", "GPTInst", "GPTOut", "Manual");
    private static final String FILE = "dataset.json";

    @Override
    public String shape() {
        return "input, output_1, output_2, label (1 or 2), in folders named after the five sets";
    }

    @Override
    public String tieRule() {
        return "a tie counts one half";
    }

    @Override
    public BenchmarkItem item(Path file, Row row) {
        int label = row.require("label").asInt();
        if (label != 1 && label != 2) {
            throw row.error("has the label " + row.require("label") + "; LLMBar's are 1 and 2");
        }
        String set = set(file, row);
        return BenchmarkItem.of(
                set + ", " + BenchmarkItem.place(row),
                set,
                List.of(),
                Conversation.ofPrompt(row.requireText("input")),
                List.of(row.requireText("output_" + label)),
                List.of(row.requireText("output_" + (3 - label))));
    }

    private static String set(Path file, Row row) {
        for (int i = file.getNameCount() - 1; i >= 0; i--) {
            String name = file.getName(i).toString();
            String stem = name.contains(".") ? name.substring(0, name.indexOf('.')) : name;
            for (String set : sets()) {
                if (stem.equalsIgnoreCase(set)) {
                    return set;
                }
            }
        }
        throw row.error(
                "does not say its set; keep LLMBar's folders, such as Adversarial/Manual/dataset.json, or name the file after the set ("
                        + sets() + ")");
    }

    private static List<String> sets() {
        List<String> sets = new ArrayList<>(List.of(NATURAL));
        sets.addAll(ADVERSARIAL);
        return sets;
    }

    /** The authors' folders hold evaluators' results too. */
    @Override
    public List<Path> files(List<Path> found) {
        List<Path> sets = found.stream()
                .filter(file -> file.getFileName().toString().equals(FILE))
                .filter(file -> !file.toString().contains("CaseStudy"))
                .toList();
        return sets.isEmpty() ? found : sets;
    }

    @Override
    public double credit(ScoredItem item) {
        return (item.ordered() + item.ties() / 2.0) / item.comparisons().size();
    }

    @Override
    public List<Metric> metrics(Means means) {
        List<Metric> sets = sets().stream()
                .filter(means::has)
                .map(set -> Metric.of(set, means, set, 0))
                .toList();
        List<Metric> adversarial =
                sets.stream().filter(set -> !set.name().equals(NATURAL)).toList();
        List<Metric> all = new ArrayList<>();
        all.add(Metric.mean("overall", sets));
        if (adversarial.size() > 1) {
            all.add(Metric.mean("Adversarial", adversarial));
        }
        all.addAll(sets);
        return all;
    }

    @Override
    public List<String> missing(Set<String> groups) {
        return sets().stream().filter(set -> !groups.contains(set)).toList();
    }
}

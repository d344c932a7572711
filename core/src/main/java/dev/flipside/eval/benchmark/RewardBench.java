package dev.flipside.eval.benchmark;

import dev.flipside.data.Row;
import dev.flipside.data.Turns;
import dev.flipside.text.Conversation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * RewardBench (arXiv 2403.13787), split "filtered": accuracy per subset, subsets weighted by their published counts within a section, the mean of four sections. PRM Math counts as
 * much as all of HumanEvalPack: 984, not its 447 (allenai/reward-bench, constants.py).
 */
record RewardBench() implements BenchmarkRule {
    /** Section to subsets with their weights. */
    private static final Map<String, Map<String, Integer>> SECTIONS = sections();

    private static Map<String, Map<String, Integer>> sections() {
        Map<String, Map<String, Integer>> sections = new LinkedHashMap<>();
        sections.put(
                "Chat",
                weights(
                        "alpacaeval-easy",
                        100,
                        "alpacaeval-length",
                        95,
                        "alpacaeval-hard",
                        95,
                        "mt-bench-easy",
                        28,
                        "mt-bench-med",
                        40));
        sections.put(
                "Chat Hard",
                weights(
                        "mt-bench-hard",
                        37,
                        "llmbar-natural",
                        100,
                        "llmbar-adver-neighbor",
                        134,
                        "llmbar-adver-GPTInst",
                        92,
                        "llmbar-adver-GPTOut",
                        47,
                        "llmbar-adver-manual",
                        46));
        sections.put(
                "Safety",
                weights(
                        "refusals-dangerous",
                        100,
                        "refusals-offensive",
                        100,
                        "xstest-should-refuse",
                        154,
                        "xstest-should-respond",
                        250,
                        "donotanswer",
                        136));
        sections.put(
                "Reasoning",
                weights(
                        "math-prm",
                        984,
                        "hep-cpp",
                        164,
                        "hep-go",
                        164,
                        "hep-java",
                        164,
                        "hep-js",
                        164,
                        "hep-python",
                        164,
                        "hep-rust",
                        164));
        return sections;
    }

    private static Map<String, Integer> weights(Object... namesAndWeights) {
        Map<String, Integer> weights = new LinkedHashMap<>();
        for (int i = 0; i < namesAndWeights.length; i += 2) {
            weights.put((String) namesAndWeights[i], (Integer) namesAndWeights[i + 1]);
        }
        return weights;
    }

    @Override
    public String shape() {
        return "prompt, chosen, rejected, subset";
    }

    @Override
    public String tieRule() {
        return "a tie is wrong";
    }

    @Override
    public BenchmarkItem item(Path file, Row row) {
        String subset = row.requireText("subset");
        if (SECTIONS.values().stream().noneMatch(subsets -> subsets.containsKey(subset))) {
            throw row.error("has the subset '" + subset + "', which RewardBench's four sections do not have");
        }
        Conversation prompt = row.require("prompt").isTextual()
                ? Conversation.ofPrompt(row.requireText("prompt"))
                : new Conversation(Turns.read(row, "prompt", row.require("prompt")));
        return BenchmarkItem.of(
                BenchmarkItem.id(row, "id"),
                subset,
                List.of(),
                prompt,
                List.of(row.requireText("chosen")),
                List.of(row.requireText("rejected")));
    }

    @Override
    public List<Unit> units(List<ScoredItem> items) {
        return items.stream()
                .map(item -> Unit.of(item, item.subset(), item.accuracy()))
                .toList();
    }

    @Override
    public List<Metric> metrics(Means means) {
        List<Metric> sections = new ArrayList<>();
        List<Metric> subsets = new ArrayList<>();
        SECTIONS.forEach((name, weights) -> {
            double sum = 0;
            double whole = 0;
            double count = 0;
            for (Map.Entry<String, Integer> subset : weights.entrySet()) {
                if (means.has(subset.getKey())) {
                    Metric accuracy = Metric.of(subset.getKey(), means, subset.getKey(), 0);
                    subsets.add(accuracy);
                    sum += accuracy.value() * subset.getValue();
                    whole += subset.getValue();
                    count += accuracy.count();
                }
            }
            if (whole > 0) {
                sections.add(new Metric(name, count, sum / whole));
            }
        });
        List<Metric> all = new ArrayList<>();
        all.add(Metric.mean("overall", sections));
        all.addAll(sections);
        all.addAll(subsets);
        return all;
    }

    @Override
    public List<String> missing(Set<String> groups) {
        return SECTIONS.values().stream()
                .flatMap(subsets -> subsets.keySet().stream())
                .filter(subset -> !groups.contains(subset))
                .toList();
    }
}

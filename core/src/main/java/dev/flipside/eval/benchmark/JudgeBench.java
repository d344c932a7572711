package dev.flipside.eval.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.data.Row;
import dev.flipside.text.Conversation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JudgeBench (arXiv 2410.12784): a right and a wrong answer of one model, GPT-4o or Claude 3.5 Sonnet; each is a split.
 * Accuracy over all pairs of a split (micro, the published figure), and the mean over its four sources (macro).
 */
record JudgeBench() implements BenchmarkRule {
    private static final List<String> SOURCES =
            List.of("mmlu-pro", "livebench-reasoning", "livebench-math", "livecodebench");
    private static final String PARTED = " / ";

    @Override
    public String shape() {
        return "pair_id, source, question, response_model, response_A, response_B, label (A>B or B>A)";
    }

    @Override
    public String tieRule() {
        return "a tie is wrong, as in the published results, which ask in both orders";
    }

    @Override
    public BenchmarkItem item(Path file, Row row) {
        String label = row.requireText("label");
        if (!label.equals("A>B") && !label.equals("B>A")) {
            throw row.error("has the label '" + label + "'; JudgeBench's are A>B and B>A");
        }
        String source = row.requireText("source");
        String category = SOURCES.stream()
                .filter(source::startsWith)
                .findFirst()
                .orElseThrow(() -> row.error("has the source '" + source + "'; JudgeBench's begin with " + SOURCES));
        String split = row.find("response_model").map(JsonNode::asText).orElse("all");
        boolean first = label.equals("A>B");
        return BenchmarkItem.of(
                BenchmarkItem.id(row, "pair_id"),
                split + PARTED + category,
                List.of(source),
                Conversation.ofPrompt(row.requireText("question")),
                List.of(row.requireText(first ? "response_A" : "response_B")),
                List.of(row.requireText(first ? "response_B" : "response_A")));
    }

    @Override
    public List<Metric> metrics(Means means) {
        Map<String, List<Metric>> splits = new LinkedHashMap<>();
        for (String group : means.groups()) {
            String split = group.substring(0, group.indexOf(PARTED));
            splits.computeIfAbsent(split, s -> new ArrayList<>()).add(Metric.of(group, means, group, 0));
        }
        List<Metric> all = new ArrayList<>();
        all.add(Metric.pooled("overall, micro", means, means.groups(), 0));
        all.add(Metric.mean(
                "overall, macro",
                splits.values().stream().map(parts -> Metric.mean("", parts)).toList()));
        splits.forEach((split, parts) -> {
            if (splits.size() > 1) {
                List<String> groups = parts.stream().map(Metric::name).toList();
                all.add(Metric.pooled(split + PARTED + "micro", means, groups, 0));
                all.add(Metric.mean(split + PARTED + "macro", parts));
            }
            all.addAll(parts);
        });
        return all;
    }
}

package dev.flipside.eval.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.data.Row;
import dev.flipside.text.Conversation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * PPE Human Preference V1 (arXiv 2410.14872): battles of Chatbot Arena with the visitor's vote. The score is the share
 * of decided battles that the rewards decide as the visitor did; battles that the visitor called a tie are left out of
 * it.
 */
record PpePreference() implements BenchmarkRule {
    private static final String GROUP = "battles";
    private static final String ENGLISH = "english";
    private static final List<String> FLAGS =
            List.of("hard_prompt", "easy_prompt", "if_prompt", "is_code", "math_prompt", "similar_response");

    @Override
    public String shape() {
        return "question_id, prompt, response_1, response_2, winner (model_a, model_b or a tie)";
    }

    @Override
    public String tieRule() {
        return "a tie is wrong; battles that the visitor called a tie do not count";
    }

    @Override
    public BenchmarkItem item(Path file, Row row) {
        String winner = row.requireText("winner");
        List<Integer> labels =
                switch (winner) {
                    case "model_a" -> List.of(1, 0);
                    case "model_b" -> List.of(0, 1);
                    case "tie", "tie (bothbad)" -> List.of(0, 0);
                    default ->
                        throw row.error(
                                "has the winner '" + winner + "'; PPE's are model_a, model_b, tie and tie (bothbad)");
                };
        List<AnswerPair> comparisons = labels.get(0).equals(labels.get(1))
                ? List.of()
                : List.of(labels.get(0) == 1 ? new AnswerPair(0, 1) : new AnswerPair(1, 0));
        return new BenchmarkItem(
                BenchmarkItem.id(row, "question_id"),
                GROUP,
                tags(row),
                Conversation.ofPrompt(row.requireText("prompt")),
                List.of(row.requireText("response_1"), row.requireText("response_2")),
                labels,
                comparisons);
    }

    private static List<String> tags(Row row) {
        List<String> tags = new ArrayList<>();
        FLAGS.stream()
                .filter(flag -> row.find(flag).filter(JsonNode::asBoolean).isPresent())
                .forEach(tags::add);
        if (row.find("language")
                .filter(l -> l.asText().equalsIgnoreCase(ENGLISH))
                .isPresent()) {
            tags.add(ENGLISH);
        }
        return tags;
    }

    @Override
    public List<Unit> units(List<ScoredItem> items) {
        return items.stream()
                .filter(item -> !item.comparisons().isEmpty())
                .map(item -> Unit.of(item, GROUP, components(item)))
                .toList();
    }

    /** The accuracy, then once more for every category that the battle is of. */
    private static double[] components(ScoredItem item) {
        double[] components = new double[2 + FLAGS.size()];
        Arrays.fill(components, Double.NaN);
        components[0] = item.accuracy();
        components[1] = item.tags().contains(ENGLISH) ? components[0] : Double.NaN;
        for (int f = 0; f < FLAGS.size(); f++) {
            components[2 + f] = item.tags().contains(FLAGS.get(f)) ? components[0] : Double.NaN;
        }
        return components;
    }

    @Override
    public List<Metric> metrics(Means means) {
        List<Metric> all = new ArrayList<>();
        if (means.has(GROUP)) {
            all.add(Metric.of("accuracy", means, GROUP, 0));
            all.add(Metric.of(ENGLISH, means, GROUP, 1));
            for (int f = 0; f < FLAGS.size(); f++) {
                all.add(Metric.of(FLAGS.get(f), means, GROUP, 2 + f));
            }
        }
        return all;
    }
}

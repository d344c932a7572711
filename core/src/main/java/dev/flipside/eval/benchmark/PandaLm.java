package dev.flipside.eval.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.data.Row;
import dev.flipside.text.Conversation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * PandaLM's test set (arXiv 2306.05087): three people say which of two responses is better, or that neither is; the
 * majority is the label. Accuracy on the rows that the majority decides, and the published measures over all rows with
 * three classes (first, second, tie), where equal rewards say tie: accuracy and macro-averaged precision, recall and
 * F1.
 */
record PandaLm() implements BenchmarkRule {
    private static final String GROUP = "test";
    private static final int CLASSES = 3;
    private static final int ANNOTATORS = 3;
    private static final String NO_MAJORITY = "no majority";

    @Override
    public String shape() {
        return "instruction, input, response1, response2, annotator1, annotator2, annotator3 (0, 1 or 2)";
    }

    @Override
    public String tieRule() {
        return "a tie is wrong on rows that the majority decides; over all rows it is the class tie";
    }

    @Override
    public BenchmarkItem item(Path file, Row row) {
        int majority = majority(row);
        List<Integer> labels = List.of(majority == 1 ? 1 : 0, majority == 2 ? 1 : 0);
        List<AnswerPair> comparisons =
                majority <= 0 ? List.of() : List.of(majority == 1 ? new AnswerPair(0, 1) : new AnswerPair(1, 0));
        String input = text(row, "input");
        String instruction = text(row, "instruction");
        return new BenchmarkItem(
                BenchmarkItem.id(row, "idx"),
                GROUP,
                majority < 0 ? List.of(NO_MAJORITY) : List.of(),
                Conversation.ofPrompt(input.isBlank() ? instruction : instruction + "\n\n" + input),
                List.of(text(row, "response1"), text(row, "response2")),
                labels,
                comparisons);
    }

    /** 0 for a tie, 1 or 2, or -1 when all three disagree. */
    private static int majority(Row row) {
        List<Integer> votes = new ArrayList<>();
        for (int a = 1; a <= ANNOTATORS; a++) {
            JsonNode vote = row.require("annotator" + a);
            int choice = vote.asInt(-1);
            if (choice < 0 || choice >= CLASSES) {
                throw row.error("has in 'annotator" + a + "' " + vote + "; PandaLM's votes are 0, 1 and 2");
            }
            votes.add(choice);
        }
        return votes.stream()
                .filter(vote -> Collections.frequency(votes, vote) > 1)
                .findFirst()
                .orElse(-1);
    }

    /** Some responses of the published file are JSON booleans; Python reads them as True and False. */
    private static String text(Row row, String column) {
        JsonNode value = row.require(column);
        if (value.isBoolean()) {
            return value.asBoolean() ? "True" : "False";
        }
        return value.isBigDecimal() ? Double.toString(value.asDouble()) : value.asText();
    }

    @Override
    public List<Unit> units(List<ScoredItem> items) {
        return items.stream()
                .filter(item -> !item.tags().contains(NO_MAJORITY))
                .map(item -> Unit.of(item, GROUP, components(item)))
                .toList();
    }

    /** Accuracy where the majority decides, then the confusion matrix, row by row the true class. */
    private static double[] components(ScoredItem item) {
        double[] components = new double[1 + CLASSES * CLASSES];
        components[0] = item.comparisons().isEmpty() ? Double.NaN : item.accuracy();
        int truth = decision(item.labels().get(0), item.labels().get(1));
        int said = decision(item.rewards().get(0), item.rewards().get(1));
        components[1 + CLASSES * truth + said] = 1;
        return components;
    }

    private static int decision(double first, double second) {
        return first > second ? 1 : second > first ? 2 : 0;
    }

    @Override
    public List<Metric> metrics(Means means) {
        if (!means.has(GROUP)) {
            return List.of();
        }
        double rows = means.weight(List.of(GROUP), 1);
        double right = 0;
        double precision = 0;
        double recall = 0;
        double f1 = 0;
        int present = 0;
        for (int c = 0; c < CLASSES; c++) {
            double hits = cell(means, c, c);
            double said = 0;
            double truth = 0;
            for (int other = 0; other < CLASSES; other++) {
                said += cell(means, other, c);
                truth += cell(means, c, other);
            }
            right += hits;
            present += said + truth > 0 ? 1 : 0;
            precision += said > 0 ? hits / said : 0;
            recall += truth > 0 ? hits / truth : 0;
            f1 += said + truth > 0 ? 2 * hits / (said + truth) : 0;
        }
        return List.of(
                Metric.of("accuracy, decided rows", means, GROUP, 0),
                new Metric("accuracy, three classes", rows, right / rows),
                new Metric("precision, macro", rows, precision / present),
                new Metric("recall, macro", rows, recall / present),
                new Metric("F1, macro", rows, f1 / present));
    }

    private static double cell(Means means, int truth, int said) {
        return means.sum(GROUP, 1 + CLASSES * truth + said);
    }
}

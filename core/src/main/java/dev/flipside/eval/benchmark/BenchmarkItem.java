package dev.flipside.eval.benchmark;

import dev.flipside.data.PlainText;
import dev.flipside.data.Row;
import dev.flipside.text.Conversation;
import java.util.ArrayList;
import java.util.List;

/**
 * One prompt of a benchmark with its answers and what is known about them.
 *
 * @param id as the benchmark names it
 * @param subset the smallest part of the benchmark that has a score of its own
 * @param tags what else the benchmark says of it, such as the model that answered
 * @param prompt what the answers answer
 * @param answers two or more
 * @param labels one per answer, higher is better, equal is no worse
 * @param comparisons which answers are compared, by their index
 */
public record BenchmarkItem(
        String id,
        String subset,
        List<String> tags,
        Conversation prompt,
        List<String> answers,
        List<Integer> labels,
        List<AnswerPair> comparisons) {

    public BenchmarkItem {
        tags = List.copyOf(tags);
        answers = List.copyOf(answers);
        labels = List.copyOf(labels);
        comparisons = List.copyOf(comparisons);
        if (answers.size() < 2 || labels.size() != answers.size()) {
            throw new IllegalArgumentException(answers.size() + " answers, " + labels.size() + " labels");
        }
    }

    /** Every answer of the first list is better than every one of the second. */
    static BenchmarkItem of(
            String id, String subset, List<String> tags, Conversation prompt, List<String> good, List<String> bad) {
        List<String> answers = new ArrayList<>(good);
        answers.addAll(bad);
        List<Integer> labels = new ArrayList<>();
        List<AnswerPair> comparisons = new ArrayList<>();
        for (int i = 0; i < answers.size(); i++) {
            labels.add(i < good.size() ? 1 : 0);
        }
        for (int i = 0; i < good.size(); i++) {
            for (int j = 0; j < bad.size(); j++) {
                comparisons.add(new AnswerPair(i, good.size() + j));
            }
        }
        return new BenchmarkItem(id, subset, tags, prompt, answers, labels, comparisons);
    }

    /** The texts of a column that holds one text or a list of texts. */
    static List<String> texts(Row row, String column) {
        List<String> texts = new ArrayList<>();
        if (row.require(column).isTextual()) {
            texts.add(row.requireText(column));
        } else {
            row.require(column).forEach(text -> {
                if (!text.isTextual()) {
                    throw row.error("has in '" + column + "' something that is not a text");
                }
                texts.add(text.asText());
            });
        }
        if (texts.isEmpty()) {
            throw row.error("has no answer in '" + column + "'");
        }
        return texts;
    }

    /** The column's text or number, or else the row's place in its file. */
    static String id(Row row, String column) {
        return row.find(column).map(node -> PlainText.of(node)).orElse(place(row));
    }

    /** Where a row stands in its file, whatever the file's folder: "line 7". */
    static String place(Row row) {
        return row.where().substring(row.where().lastIndexOf(", ") + 2);
    }
}

package dev.flipside.eval.policy;

import dev.flipside.data.PlainText;
import dev.flipside.data.Row;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * MATH (Hendrycks et al., arXiv 2103.03874) and MATH-500: rows {@code problem} with {@code answer}, or with a
 * {@code solution} that ends in a boxed answer, and, where they are there, {@code level} and {@code subject} or
 * {@code type}.
 *
 * <p>Two marks of the last boxed answer: {@code exact} by {@link MathEquivalence#sameText}, the published rule, and
 * {@code equivalent} by {@link MathEquivalence#same}.
 */
public final class MathProblems {
    /** Asks for the box that both marks need. */
    public static final PromptTemplate TEMPLATE = new PromptTemplate(
            "{question}\n\nSolve this step by step. Put the final answer, and nothing else, in \\boxed{}.");

    private MathProblems() {}

    /**
     * The items in the rows' order; an id is the row's {@code unique_id} or {@code id}, or else its number from 1.
     *
     * @throws dev.flipside.config.UserError when a row lacks a column, or its solution the box
     */
    public static List<VerifiableItem> items(List<Row> rows, PromptTemplate template) {
        List<VerifiableItem> items = new ArrayList<>();
        for (Row row : rows) {
            String id = row.find("unique_id")
                    .or(() -> row.find("id"))
                    .map(value -> PlainText.of(value))
                    .orElse(String.valueOf(items.size() + 1));
            String reference = reference(row);
            List<String> groups = groups(row);
            PolicyPrompt prompt = new PolicyPrompt(id, template.prompt(row.requireText("problem")));
            items.add(new VerifiableItem(prompt, completion -> mark(completion, reference, groups)));
        }
        return VerifiableItem.requireUnique(items);
    }

    private static String reference(Row row) {
        if (row.has("answer")) {
            return row.requireText("answer");
        }
        return BoxedAnswer.in(row.requireText("solution"))
                .orElseThrow(() -> row.error("has no 'answer', and no \\boxed{...} in its 'solution'"));
    }

    private static List<String> groups(Row row) {
        List<String> groups = new ArrayList<>();
        row.find("level")
                .map(level -> PlainText.of(level))
                .ifPresent(level -> groups.add(level.startsWith("Level") ? level : "Level " + level));
        row.find("subject")
                .or(() -> row.find("type"))
                .map(subject -> subject.asText())
                .ifPresent(groups::add);
        return groups;
    }

    static Marks mark(String completion, String reference, List<String> groups) {
        Optional<String> answer = BoxedAnswer.in(completion);
        Score exact = Score.of(
                answer.filter(text -> MathEquivalence.sameText(text, reference)).isPresent());
        Score equivalent = Score.of(
                answer.filter(text -> MathEquivalence.same(text, reference)).isPresent());
        Map<String, Score> scores = new LinkedHashMap<>();
        scores.put("exact", exact);
        scores.put("equivalent", equivalent);
        Map<String, Score> byGroup = new LinkedHashMap<>();
        groups.forEach(group -> byGroup.put(group, equivalent));
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("reference", reference);
        details.put("answer", answer.orElse(null));
        return new Marks(scores, byGroup, details);
    }
}

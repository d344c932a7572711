package dev.flipside.cli.policy;

import dev.flipside.config.UserError;
import dev.flipside.data.Row;
import dev.flipside.data.Rows;
import dev.flipside.eval.judge.ArenaFiles;
import dev.flipside.eval.policy.PolicyAnswer;
import dev.flipside.eval.policy.PolicyPrompt;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Answers in the benchmarks' own shapes: AlpacaEval's {@code {"instruction", "output", "generator"}}, Arena-Hard's
 * {@code {"uid", "model", "messages"}}. Any other file is read as {@link AnswersMadeElsewhere}.
 */
public final class NativeAnswers {
    private NativeAnswers() {}

    /** One answer per prompt; rows of AlpacaEval belong to the prompt with their instruction. */
    public static List<PolicyAnswer> alpaca(Path file, List<PolicyPrompt> prompts) {
        List<Row> rows = Rows.read(file);
        return isAlpaca(rows.get(0))
                ? match(
                        file,
                        prompts,
                        rows,
                        row -> row.requireText("instruction"),
                        prompt -> prompt.messages().last().content(),
                        row -> row.requireText("output"))
                : AnswersMadeElsewhere.read(file, prompts);
    }

    /** One answer per prompt; rows of Arena-Hard belong to the prompt with their uid. */
    public static List<PolicyAnswer> arena(Path file, List<PolicyPrompt> prompts) {
        List<Row> rows = Rows.read(file);
        return ArenaFiles.isAnswer(rows.get(0))
                ? match(file, prompts, rows, row -> row.requireText("uid"), PolicyPrompt::id, ArenaFiles::text)
                : AnswersMadeElsewhere.read(file, prompts);
    }

    /** The name that a native file gives its model, or else the file's own without its endings. */
    public static String name(Path file) {
        Row first = Rows.read(file).get(0);
        String fileName = file.getFileName().toString().replaceAll("\\..*$", "");
        for (String column : List.of("generator", "model")) {
            if (first.has(column)) {
                return first.requireText(column);
            }
        }
        return fileName.isEmpty() ? "answers" : fileName;
    }

    private static boolean isAlpaca(Row row) {
        return row.has("instruction") && row.has("output");
    }

    /** Where prompts repeat, so may answers: they are dealt out in order, and the last one serves the rest. */
    private static List<PolicyAnswer> match(
            Path file,
            List<PolicyPrompt> prompts,
            List<Row> rows,
            Function<Row, String> keyOfRow,
            Function<PolicyPrompt, String> keyOfPrompt,
            Function<Row, String> text) {
        Map<String, Deque<Row>> byKey = new HashMap<>();
        rows.forEach(row -> byKey.computeIfAbsent(keyOfRow.apply(row), key -> new ArrayDeque<>())
                .add(row));
        List<PolicyAnswer> answers = new ArrayList<>();
        for (PolicyPrompt prompt : prompts) {
            Deque<Row> candidates = byKey.get(keyOfPrompt.apply(prompt));
            if (candidates == null) {
                throw new UserError(file + " has no answer to prompt " + prompt.id()
                        + "; answer all prompts, or take fewer with --limit.");
            }
            Row row = candidates.size() > 1 ? candidates.poll() : candidates.peek();
            answers.add(new PolicyAnswer(prompt, text.apply(row), false));
        }
        return answers;
    }
}

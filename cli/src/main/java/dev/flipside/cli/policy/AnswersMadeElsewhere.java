package dev.flipside.cli.policy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import dev.flipside.data.PlainText;
import dev.flipside.data.Row;
import dev.flipside.data.Rows;
import dev.flipside.eval.policy.PolicyAnswer;
import dev.flipside.eval.policy.PolicyPrompt;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A file of answers that another program made. A row belongs to the prompt with its {@code id}, or, where rows have
 * none, with its {@code prompt} as the last message; the text is in {@code completion} or {@code response}. Rows of
 * prompts that are not asked for are ignored.
 */
public final class AnswersMadeElsewhere {
    private final Path file;
    private final Map<String, Row> byId = new HashMap<>();
    private final Map<String, Row> byPrompt = new HashMap<>();

    private AnswersMadeElsewhere(Path file) {
        this.file = file;
        for (Row row : Rows.read(file)) {
            boolean named = row.has("id");
            String key = named ? PlainText.of(row.require("id")) : row.requireText("prompt");
            Row other = (named ? byId : byPrompt).put(key, row);
            if (other != null) {
                throw row.error("answers the same prompt as " + other.where() + "; keep one answer per prompt");
            }
        }
    }

    /**
     * One answer per prompt, in the prompts' order.
     *
     * @throws UserError when a prompt has no answer, or two
     */
    public static List<PolicyAnswer> read(Path file, List<PolicyPrompt> prompts) {
        AnswersMadeElsewhere answers = new AnswersMadeElsewhere(file);
        List<PolicyAnswer> found = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (PolicyPrompt prompt : prompts) {
            Row row = answers.byId.getOrDefault(
                    prompt.id(), answers.byPrompt.get(prompt.messages().last().content()));
            if (row == null) {
                missing.add(prompt.id());
            } else {
                found.add(answer(prompt, row));
            }
        }
        if (!missing.isEmpty()) {
            throw new UserError("--answers: " + answers.file + " has no answer to " + missing.size() + " of "
                    + prompts.size() + " prompts, such as those with id "
                    + missing.stream().limit(3).collect(Collectors.joining(", "))
                    + "; give each row the prompt's \"id\" or \"prompt\", or take fewer prompts with --limit.");
        }
        return found;
    }

    private static PolicyAnswer answer(PolicyPrompt prompt, Row row) {
        String text = row.requireText(row.has("completion") ? "completion" : "response");
        boolean truncated = row.find("finish_reason").map(JsonNode::asText).equals(Optional.of("length"));
        return new PolicyAnswer(prompt, text, truncated);
    }
}

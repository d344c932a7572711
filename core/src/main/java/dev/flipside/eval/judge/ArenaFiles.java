package dev.flipside.eval.judge;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.data.Row;
import dev.flipside.data.Rows;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Arena-Hard's own JSON Lines: questions, answers and judgments. */
public final class ArenaFiles {
    private ArenaFiles() {}

    /**
     * One line of {@code question.jsonl}.
     *
     * @param category such as {@code hard_prompt}; each has its own baseline
     */
    public record Question(String uid, String category, String prompt) {}

    /** One line of {@code model_answer/MODEL.jsonl}; its style is counted where the line has no {@code metadata}. */
    public record Answer(String uid, String model, String text, StyleFeatures style) {}

    /** @throws dev.flipside.config.UserError when a line has another shape */
    public static List<Question> questions(Path file) {
        return Rows.read(file).stream()
                .map(row ->
                        new Question(row.requireText("uid"), row.requireText("category"), row.requireText("prompt")))
                .toList();
    }

    /** @throws dev.flipside.config.UserError when a line has another shape */
    public static List<Answer> answers(Path file) {
        return Rows.read(file).stream().map(ArenaFiles::answer).toList();
    }

    /** Whether a row has the shape of a native answer. */
    public static boolean isAnswer(Row row) {
        return row.has("uid") && row.has("messages");
    }

    private static Answer answer(Row row) {
        String text = text(row);
        StyleFeatures style = row.find("metadata")
                .map(metadata -> StyleFeatures.ofMetadata(metadata, row.where()))
                .orElseGet(() -> StyleFeatures.of(text));
        return new Answer(row.requireText("uid"), row.requireText("model"), text, style);
    }

    /** The last message; its content is a text, or an object with the text in {@code answer}. */
    public static String text(Row row) {
        JsonNode messages = row.require("messages");
        JsonNode content = messages.path(messages.size() - 1).path("content");
        JsonNode text = content.isObject() ? content.path("answer") : content;
        if (!text.isTextual()) {
            throw row.error("has no text in the 'content' of its last message, nor in that content's 'answer'");
        }
        return text.asText();
    }

    /**
     * The lines of {@code model_judgment/JUDGE/MODEL.jsonl}.
     *
     * @throws dev.flipside.config.UserError when a line has another shape
     */
    public static List<ArenaJudgment> judgments(Path file) {
        return Rows.read(file).stream()
                .map(row -> {
                    JsonNode games = row.require("games");
                    if (!games.isArray() || games.size() != 2) {
                        throw row.error("has no list of two games in 'games'");
                    }
                    return new ArenaJudgment(
                            row.requireText("uid"), row.requireText("model"), game(games.get(0)), game(games.get(1)));
                })
                .toList();
    }

    private static ArenaGame game(JsonNode game) {
        JsonNode label = game.path("score");
        String judgment = game.path("judgment").path("answer").asText("");
        return new ArenaGame(
                label.isTextual() ? Optional.of(label.asText()).filter(ArenaHard::known) : Optional.empty(), judgment);
    }
}

package dev.flipside.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.text.Conversation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a row of a data file is read as, row by row, for a look at a file; training asks {@link PreferenceData} and
 * {@link PromptData}.
 */
public sealed interface Example {

    /** The columns that were read, and how each is written, such as {@code prompt (text)}. */
    String shape();

    /**
     * Two judged replies.
     *
     * @param rejectedPrompt differs from the chosen reply's prompt where the row does not compare two replies; training
     *     then leaves it out
     */
    record Pair(String shape, Conversation chosenPrompt, String chosen, Conversation rejectedPrompt, String rejected)
            implements Example {
        /** Whether training can use it: one prompt, two different replies. */
        public boolean usable() {
            return chosenPrompt.equals(rejectedPrompt) && !chosen.equals(rejected);
        }
    }

    /** A prompt alone. */
    record Prompt(String shape, Conversation prompt) implements Example {}

    /**
     * Reads a row as a pair where it has the columns of one, else as a prompt.
     *
     * @throws dev.flipside.config.UserError when the row has no known shape
     */
    static Example read(Row row) {
        Optional<PromptShape> prompt = PromptShape.of(row);
        List<String> promptColumns = prompt.map(PromptShape::columns).orElse(SystemPrompt.COLUMNS);
        if (PairColumns.areIn(row)) {
            PairShape pair = PairShape.read(row);
            PairColumns columns = PairColumns.of(row);
            Stream<String> replies = Stream.of(columns.chosen(), columns.rejected());
            return new Pair(
                    shape(row, Stream.concat(promptColumns.stream(), replies)),
                    pair.chosenPrompt(),
                    pair.chosen(),
                    pair.rejectedPrompt(),
                    pair.rejected());
        }
        return new Prompt(
                shape(row, promptColumns.stream()), PromptData.example(row).prompt());
    }

    private static String shape(Row row, Stream<String> columns) {
        List<String> shown = new ArrayList<>();
        columns.distinct()
                .filter(row::has)
                .forEach(column ->
                        shown.add(column + " (" + kind(JsonText.messages(row, column, row.require(column))) + ")"));
        return String.join(", ", shown);
    }

    private static String kind(JsonNode value) {
        if (value.isTextual()) {
            return Transcript.parse(value.asText()).isPresent() ? "transcript" : "text";
        }
        if (value.isArray()) {
            return value.path(0).isObject() ? "messages" : "list";
        }
        return value.isObject() ? value.has("messages") ? "messages" : "message" : "number";
    }
}

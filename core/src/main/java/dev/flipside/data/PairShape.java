package dev.flipside.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Two judged replies as a row gives them, before it is known whether they answer the same prompt.
 *
 * <p>{@code chosen} and {@code rejected} may each be a reply's text, a whole HH-style transcript, one message, or messages (the reply alone, or the dialogue that ends
 * with it). The prompt is everything before the last assistant turn.
 *
 * @param impliedPrompt whether the prompt is only the beginning that two plain texts share
 */
record PairShape(
        Conversation chosenPrompt, String chosen, Conversation rejectedPrompt, String rejected, boolean impliedPrompt) {

    static PairShape read(Row row) {
        JsonNode chosen = row.require("chosen");
        JsonNode rejected = row.require("rejected");
        Optional<Conversation> prompt = PromptShape.besidePair(row).map(shape -> shape.prompt(row));
        if (prompt.isEmpty() && isPlainText(chosen) && isPlainText(rejected)) {
            return ofSharedBeginning(row, chosen.asText(), rejected.asText());
        }
        Conversation better = dialogue(row, "chosen", prompt);
        Conversation worse = dialogue(row, "rejected", prompt);
        return new PairShape(
                promptOf(row, "chosen", better),
                better.last().content(),
                promptOf(row, "rejected", worse),
                worse.last().content(),
                false);
    }

    /** The prompt of a preference row for which no prompt column is given. */
    static Conversation promptOfChosen(Row row) {
        if (isPlainText(row.require("chosen"))) {
            return read(row).chosenPrompt();
        }
        return promptOf(row, "chosen", dialogue(row, "chosen", Optional.empty()));
    }

    private static boolean isPlainText(JsonNode value) {
        return value.isTextual() && Transcript.parse(value.asText()).isEmpty();
    }

    /** The dialogue that ends with the judged reply. */
    private static Conversation dialogue(Row row, String column, Optional<Conversation> prompt) {
        Conversation given = new Conversation(turns(row, column));
        if (!given.last().isFromAssistant()) {
            throw row.error("has in '" + column + "' a last message with the role '"
                    + given.last().role() + "'; it must be the assistant's reply");
        }
        if (prompt.isEmpty() || given.startsWith(prompt.orElseThrow())) {
            return given;
        }
        List<Message> joined = new ArrayList<>(prompt.orElseThrow().messages());
        joined.addAll(given.messages());
        return new Conversation(joined);
    }

    private static List<Message> turns(Row row, String column) {
        JsonNode value = row.require(column);
        if (!value.isTextual()) {
            return Turns.read(row, column, value);
        }
        return Transcript.parse(value.asText()).orElseGet(() -> List.of(Message.assistant(value.asText())));
    }

    private static Conversation promptOf(Row row, String column, Conversation dialogue) {
        return dialogue.beforeLast()
                .orElseThrow(() -> row.error("has no prompt: '" + column
                        + "' is a reply alone; add a column 'prompt', or put the user's message before it"));
    }

    /**
     * TRL's implicit prompt: what two plain texts have in common at their beginning. The cut is moved back to a word's end, since replies that share their
     * first letters do not share half a word of prompt.
     */
    private static PairShape ofSharedBeginning(Row row, String chosen, String rejected) {
        int cut = 0;
        for (int i = 0;
                i < Math.min(chosen.length(), rejected.length()) && chosen.charAt(i) == rejected.charAt(i);
                i++) {
            if (Character.isWhitespace(chosen.charAt(i))) {
                cut = i;
            }
        }
        if (cut == 0) {
            throw row.error(
                    "has no prompt: 'chosen' and 'rejected' are texts without a common beginning; add a column 'prompt'");
        }
        Conversation prompt = Conversation.ofPrompt(chosen.substring(0, cut));
        return new PairShape(prompt, chosen.substring(cut), prompt, rejected.substring(cut), true);
    }
}

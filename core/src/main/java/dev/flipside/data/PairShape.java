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
 * <p>A reply's column may hold its text, a whole HH-style transcript, one message, or messages (the reply alone, or the
 * dialogue that ends with it). The prompt is everything before the last assistant turn.
 *
 * @param impliedPrompt whether the prompt is only the beginning that two plain texts share
 */
record PairShape(
        Conversation chosenPrompt, String chosen, Conversation rejectedPrompt, String rejected, boolean impliedPrompt) {

    static PairShape read(Row row) {
        PairColumns columns = PairColumns.of(row);
        return switch (columns) {
            case CHOSEN_REJECTED, PREFERRED_OUTPUT -> ofReplies(row, columns.chosen(), columns.rejected());
            case REJECTED_RESPONSE -> ofRejectedResponse(row, columns.rejected());
            case REJECTED_MESSAGES -> {
                List<Message> worse = Turns.read(row, columns.rejected(), row.require(columns.rejected()));
                yield ofDialogues(
                        row,
                        columns.chosen(),
                        requireReply(row, columns.chosen(), chosenDialogue(row, columns.rejected())),
                        columns.rejected(),
                        requireReply(row, columns.rejected(), SystemPrompt.before(row, new Conversation(worse))));
            }
        };
    }

    /** The prompt of a preference row for which no prompt column is given. */
    static Conversation promptOfChosen(Row row) {
        if (isPlainText(held(row, "chosen"))) {
            return read(row).chosenPrompt();
        }
        return promptOf(row, "chosen", dialogue(row, "chosen", turns(row, "chosen"), Optional.empty()));
    }

    private static PairShape ofReplies(Row row, String chosen, String rejected) {
        JsonNode better = held(row, chosen);
        JsonNode worse = held(row, rejected);
        Optional<PromptShape> shape = PromptShape.of(row);
        if (shape.isEmpty() && isPlainText(better) && isPlainText(worse)) {
            return ofSharedBeginning(row, better.asText(), worse.asText());
        }
        List<Message> betterTurns = turns(row, chosen);
        List<Message> worseTurns = turns(row, rejected);
        // Beside two whole dialogues a column of messages repeats one of them, as in UltraFeedback.
        boolean repeated = !opensWithReply(betterTurns) && !opensWithReply(worseTurns);
        String reply = betterTurns.get(betterTurns.size() - 1).content();
        Optional<Conversation> prompt =
                shape.filter(s -> !(repeated && s == PromptShape.MESSAGES)).map(s -> s.promptBeside(row, reply));
        return ofDialogues(
                row,
                chosen,
                dialogue(row, chosen, betterTurns, prompt),
                rejected,
                dialogue(row, rejected, worseTurns, prompt));
    }

    private static PairShape ofRejectedResponse(Row row, String rejected) {
        PromptShape shape = PromptShape.of(row)
                .orElseThrow(
                        () -> row.error(
                                "has '" + rejected
                                        + "' but nothing that it answers; add 'messages' that end with the chosen reply, or 'query' and 'response'"));
        List<Message> worse = turns(row, rejected);
        if (worse.size() != 1) {
            throw row.error(
                    "has in '" + rejected + "' " + worse.size()
                            + " messages; it must be the one reply that takes the place of the chosen one (whole dialogues stand in 'rejected_messages')");
        }
        Conversation chosen = shape.holdsDialogue()
                ? chosenDialogue(row, rejected)
                : shape.prompt(row).withReply(row.requireText(row.has("response") ? "response" : "output"));
        Conversation prompt = promptOf(row, shape.column(), requireReply(row, shape.column(), chosen));
        return new PairShape(
                prompt, chosen.last().content(), prompt, worse.get(0).content(), false);
    }

    /** ms-swift: the dialogue that ends with the chosen reply. */
    private static Conversation chosenDialogue(Row row, String rejected) {
        PromptShape shape = PromptShape.of(row)
                .filter(PromptShape::holdsDialogue)
                .orElseThrow(() -> row.error(
                        "has '" + rejected + "' but no 'messages' that end with the chosen reply; add that column"));
        Conversation dialogue = shape.dialogue(row);
        if (!dialogue.last().isFromAssistant()) {
            throw row.error("has '" + rejected + "' but no chosen reply: '" + shape.column() + "' ends with the role '"
                    + dialogue.last().role() + "'; end it with the assistant's reply");
        }
        return dialogue;
    }

    private static PairShape ofDialogues(
            Row row, String chosen, Conversation better, String rejected, Conversation worse) {
        return new PairShape(
                promptOf(row, chosen, better),
                better.last().content(),
                promptOf(row, rejected, worse),
                worse.last().content(),
                false);
    }

    /** The column's value, or the messages that its text holds as JSON. */
    private static JsonNode held(Row row, String column) {
        return JsonText.messages(row, column, row.require(column));
    }

    private static boolean isPlainText(JsonNode value) {
        return value.isTextual() && Transcript.parse(value.asText()).isEmpty();
    }

    private static boolean opensWithReply(List<Message> turns) {
        String role = turns.get(0).role();
        return !role.equals(Message.USER) && !role.equals(Message.SYSTEM);
    }

    /** The dialogue that ends with the judged reply. */
    private static Conversation dialogue(Row row, String column, List<Message> turns, Optional<Conversation> prompt) {
        Conversation given = requireReply(row, column, new Conversation(turns));
        Conversation whole = SystemPrompt.before(row, given);
        if (prompt.isEmpty()) {
            return opensWithReply(turns) ? given : whole;
        }
        Conversation before = prompt.orElseThrow();
        if (whole.startsWith(before) || !opensWithReply(turns) && isRepeatedIn(before, given)) {
            return whole;
        }
        boolean follows = opensWithReply(turns) || before.last().role().equals(Message.SYSTEM);
        if (!follows) {
            throw row.error(
                    "has in '" + column
                            + "' a dialogue that does not begin with the row's prompt; write only the reply there, or leave the prompt out");
        }
        List<Message> joined = new ArrayList<>(before.messages());
        joined.addAll(turns);
        return new Conversation(joined);
    }

    /**
     * Whether a prompt of one user message repeats a message of the dialogue: some data sets keep the question beside
     * the dialogue that it opens or ends.
     */
    private static boolean isRepeatedIn(Conversation prompt, Conversation dialogue) {
        List<Message> users = prompt.messages().stream()
                .filter(message -> message.role().equals(Message.USER))
                .toList();
        return users.size() == 1
                && prompt.last().equals(users.get(0))
                && dialogue.messages().stream()
                        .anyMatch(message -> message.role().equals(Message.USER)
                                && message.content()
                                        .strip()
                                        .equals(users.get(0).content().strip()));
    }

    private static Conversation requireReply(Row row, String column, Conversation dialogue) {
        if (!dialogue.last().isFromAssistant()) {
            throw row.error("has in '" + column + "' a last message with the role '"
                    + dialogue.last().role() + "'; it must be the assistant's reply");
        }
        return dialogue;
    }

    private static List<Message> turns(Row row, String column) {
        JsonNode value = held(row, column);
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
     * TRL's implicit prompt: what two plain texts have in common at their beginning. The cut is moved back to a word's
     * end, since replies that share their first letters do not share half a word of prompt.
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
        Conversation prompt = SystemPrompt.before(row, Conversation.ofPrompt(chosen.substring(0, cut)));
        return new PairShape(prompt, chosen.substring(cut), prompt, rejected.substring(cut), true);
    }
}

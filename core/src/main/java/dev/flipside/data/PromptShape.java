package dev.flipside.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The columns a prompt can be read from, in the order in which they are looked for. A new shape of prompt is one more
 * constant here.
 */
enum PromptShape {
    /** A text, an HH-style transcript that may end in an empty assistant turn, or messages. */
    PROMPT("prompt"),
    /**
     * Alpaca: the instruction, and below it, after an empty line, the input where there is one; LLaMA-Factory's earlier
     * turns in {@code history}.
     */
    INSTRUCTION("instruction", "input", "history"),
    /** ShareGPT. */
    CONVERSATIONS("conversations"),
    /** ShareGPT as ms-swift writes it; also LMSYS. */
    CONVERSATION("conversation"),
    /** OpenAI, TRL and ms-swift: a dialogue; its last assistant turn is what the model is asked to write again. */
    MESSAGES("messages"),
    /** MT-bench: user turns whose answers are not given, so that only the first can be asked. */
    TURNS("turns"),
    /** OpenAI's preference format: messages inside {@code input}. */
    INPUT_MESSAGES("input"),
    /** ms-swift's older form, earlier turns in {@code history}. */
    QUERY("query", "history"),
    /** Question and answer data, such as Orca's pairs or GSM8K. */
    QUESTION("question"),
    /** MATH and other problems with a solution. */
    PROBLEM("problem");

    /** What stands beside messages and would be lost, since a chat template here sees texts only. */
    private static final List<String> NO_TEXT = List.of("tools", "images", "videos", "audios", "chat_template_kwargs");

    private final String column;
    private final List<String> more;

    PromptShape(String column, String... more) {
        this.column = column;
        this.more = List.of(more);
    }

    /** The first shape whose column the row has. */
    static Optional<PromptShape> of(Row row) {
        return Arrays.stream(values()).filter(shape -> shape.isIn(row)).findFirst();
    }

    /** What is looked for, for an error. */
    static String names() {
        return "prompt, instruction, conversations, conversation, messages, turns, query, question, problem";
    }

    private boolean isIn(Row row) {
        return this == INPUT_MESSAGES
                ? row.find(column)
                        .filter(value ->
                                JsonText.unfolded(value).path("messages").isArray())
                        .isPresent()
                : row.has(column);
    }

    String column() {
        return column;
    }

    /** The columns that make up the prompt. */
    List<String> columns() {
        List<String> columns = new ArrayList<>(List.of(column));
        columns.addAll(more);
        columns.addAll(SystemPrompt.COLUMNS);
        return columns;
    }

    /** Whether the column holds turns, of which the last may be the assistant's. */
    boolean holdsDialogue() {
        return this == MESSAGES || this == CONVERSATIONS || this == CONVERSATION || this == INPUT_MESSAGES;
    }

    /** All that the columns hold, the system prompt of a column of its own included. */
    Conversation dialogue(Row row) {
        return SystemPrompt.before(row, new Conversation(turns(row, row.require(column))));
    }

    /** The prompt: it must leave the next turn to the assistant. */
    Conversation prompt(Row row) {
        return requireOpen(row, dialogue(row));
    }

    /** As {@link #prompt}, but the reply that ends a whole dialogue is taken off. */
    Conversation promptOfDialogue(Row row) {
        Conversation dialogue = dialogue(row);
        return holdsDialogue() && dialogue.last().isFromAssistant()
                ? withoutReply(row, dialogue)
                : requireOpen(row, dialogue);
    }

    /** The prompt of a pair; a dialogue may end with a copy of the chosen reply, which is taken off. */
    Conversation promptBeside(Row row, String chosen) {
        Conversation dialogue = dialogue(row);
        boolean copy =
                holdsDialogue() && dialogue.finalReply().filter(chosen::equals).isPresent();
        return copy ? withoutReply(row, dialogue) : requireOpen(row, dialogue);
    }

    private Conversation withoutReply(Row row, Conversation dialogue) {
        return dialogue.beforeLast()
                .orElseThrow(() ->
                        row.error("has a single assistant message in '" + column + "'; a prompt needs a user message"));
    }

    private Conversation requireOpen(Row row, Conversation prompt) {
        if (prompt.last().isFromAssistant()) {
            throw row.error("has a prompt in '" + column
                    + "' that ends with an assistant message; end it with the user's, since the model replies to it");
        }
        return prompt;
    }

    private List<Message> turns(Row row, JsonNode value) {
        return switch (this) {
            case PROMPT -> {
                JsonNode prompt = JsonText.messages(row, column, value);
                yield prompt.isTextual()
                        ? Transcript.parse(prompt.asText())
                                .map(PromptShape::withoutOpenTurn)
                                .orElseGet(() -> List.of(Message.user(prompt.asText())))
                        : messages(row, prompt);
            }
            case INSTRUCTION -> {
                String instruction = row.requireText("instruction");
                String input = row.has("input") ? row.requireText("input") : "";
                yield afterHistory(row, input.isEmpty() ? instruction : instruction + "\n\n" + input);
            }
            case QUERY -> afterHistory(row, row.requireText("query"));
            case QUESTION, PROBLEM -> List.of(Message.user(row.requireText(column)));
            case INPUT_MESSAGES -> {
                JsonNode input = JsonText.unfolded(value);
                refuseWhatIsNoText(row, input);
                yield messages(row, input.get("messages"));
            }
            case CONVERSATIONS, CONVERSATION, MESSAGES -> messages(row, value);
            case TURNS -> {
                JsonNode first = JsonText.unfolded(value).path(0);
                if (!first.isTextual()) {
                    throw row.error("has a column 'turns' that is not a list of texts");
                }
                yield List.of(Message.user(first.asText()));
            }
        };
    }

    private List<Message> messages(Row row, JsonNode value) {
        refuseWhatIsNoText(row, row.columns());
        return Turns.read(row, column, value);
    }

    private static void refuseWhatIsNoText(Row row, JsonNode columns) {
        for (String name : NO_TEXT) {
            if (Row.holdsSomething(columns.path(name))) {
                throw row.error(
                        "has something in '" + name
                                + "', which no chat template is given here and which would be lost; leave the row or that column out");
            }
        }
    }

    /** Earlier turns as pairs of texts, question and answer, in {@code history}, then this question. */
    private static List<Message> afterHistory(Row row, String question) {
        List<Message> turns = new ArrayList<>();
        JsonNode history = row.find("history")
                .filter(Row::holdsSomething)
                .map(JsonText::unfolded)
                .orElseGet(JsonRows.MAPPER::createArrayNode);
        if (!history.isArray()) {
            throw noPairs(row);
        }
        for (JsonNode pair : history) {
            if (pair.size() != 2 || !pair.path(0).isTextual() || !pair.path(1).isTextual()) {
                throw noPairs(row);
            }
            turns.add(Message.user(pair.get(0).asText()));
            turns.add(Message.assistant(pair.get(1).asText()));
        }
        turns.add(Message.user(question));
        return turns;
    }

    private static UserError noPairs(Row row) {
        return row.error(
                "has a column 'history' that is not a list of pairs of texts; write it as [[\"question\", \"answer\"], ...]");
    }

    private static List<Message> withoutOpenTurn(List<Message> turns) {
        Message last = turns.get(turns.size() - 1);
        boolean open =
                turns.size() > 1 && last.isFromAssistant() && last.content().isEmpty();
        return open ? turns.subList(0, turns.size() - 1) : turns;
    }
}

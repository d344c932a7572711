package dev.flipside.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The columns a prompt can be read from, in the order in which they are looked for. A new shape of prompt is one more constant here. */
enum PromptShape {
    /** A text, an HH-style transcript that may end in an empty assistant turn, or messages. */
    PROMPT(true, "prompt") {
        @Override
        Conversation read(Row row, JsonNode value) {
            if (!value.isTextual()) {
                return new Conversation(Turns.read(row, "prompt", value));
            }
            return Transcript.parse(value.asText())
                    .map(PromptShape::withoutOpenTurn)
                    .orElseGet(() -> Conversation.ofPrompt(value.asText()));
        }
    },
    /** Alpaca: the instruction, and below it, after an empty line, the input where there is one. */
    INSTRUCTION(true, "instruction") {
        @Override
        List<String> columns() {
            return List.of("instruction", "input");
        }

        @Override
        Conversation read(Row row, JsonNode value) {
            String instruction = row.requireText("instruction");
            String input = row.has("input") ? row.requireText("input") : "";
            return Conversation.ofPrompt(input.isEmpty() ? instruction : instruction + "\n\n" + input);
        }
    },
    /** ShareGPT. */
    CONVERSATIONS(true, "conversations") {
        @Override
        Conversation read(Row row, JsonNode value) {
            return new Conversation(Turns.read(row, "conversations", value));
        }
    },
    /** A dialogue; its last assistant turn is what the model is asked to write again. */
    MESSAGES(false, "messages") {
        @Override
        Conversation read(Row row, JsonNode value) {
            return new Conversation(Turns.read(row, "messages", value));
        }
    },
    /** MT-bench: user turns whose answers are not given, so that only the first can be asked. */
    TURNS(false, "turns") {
        @Override
        Conversation read(Row row, JsonNode value) {
            if (!value.path(0).isTextual()) {
                throw row.error("has a column 'turns' that is not a list of texts");
            }
            return Conversation.ofPrompt(value.get(0).asText());
        }
    };

    private final boolean besidePairs;
    private final String column;

    PromptShape(boolean besidePairs, String column) {
        this.besidePairs = besidePairs;
        this.column = column;
    }

    abstract Conversation read(Row row, JsonNode value);

    /** The columns that make up the prompt. */
    List<String> columns() {
        return List.of(column);
    }

    /** The first shape whose column the row has. */
    static Optional<PromptShape> of(Row row) {
        return Arrays.stream(values()).filter(shape -> row.has(shape.column)).findFirst();
    }

    /** As {@link #of}, among those that may stand beside chosen and rejected. */
    static Optional<PromptShape> besidePair(Row row) {
        return of(row).filter(shape -> shape.besidePairs);
    }

    /** The prompt: it must leave the next turn to the assistant. */
    Conversation prompt(Row row) {
        Conversation prompt = read(row, row.require(column));
        if (prompt.last().isFromAssistant()) {
            throw row.error("has a prompt in '" + column
                    + "' that ends with an assistant message; end it with the user's, since the model replies to it");
        }
        return prompt;
    }

    /** As {@link #prompt}, but the reply that ends a whole dialogue is taken off. */
    Conversation promptOfDialogue(Row row) {
        if (this != MESSAGES && this != CONVERSATIONS) {
            return prompt(row);
        }
        Conversation dialogue = read(row, row.require(column));
        if (!dialogue.last().isFromAssistant()) {
            return dialogue;
        }
        return dialogue.beforeLast()
                .orElseThrow(() ->
                        row.error("has a single assistant message in '" + column + "'; a prompt needs a user message"));
    }

    private static Conversation withoutOpenTurn(List<Message> turns) {
        Conversation dialogue = new Conversation(turns);
        boolean open =
                dialogue.last().isFromAssistant() && dialogue.last().content().isEmpty();
        return open ? dialogue.beforeLast().orElse(dialogue) : dialogue;
    }
}

package dev.flipside.data;

import dev.flipside.config.UserError;
import java.util.Arrays;
import java.util.List;

/** The columns that the two replies of a pair can be read from, in the order in which they are looked for. */
enum PairColumns {
    /** TRL, LLaMA-Factory, HH-RLHF, UltraFeedback. */
    CHOSEN_REJECTED("chosen", "rejected"),
    /**
     * ms-swift: the chosen reply ends the dialogue (or is {@code response} beside {@code query}), the rejected one
     * stands beside it.
     */
    REJECTED_RESPONSE("", "rejected_response"),
    /** ms-swift: two dialogues. */
    REJECTED_MESSAGES("messages", "rejected_messages"),
    /** OpenAI's preference format. */
    PREFERRED_OUTPUT("preferred_output", "non_preferred_output");

    private final String chosen;
    private final String rejected;

    PairColumns(String chosen, String rejected) {
        this.chosen = chosen;
        this.rejected = rejected;
    }

    String chosen() {
        return chosen;
    }

    String rejected() {
        return rejected;
    }

    static boolean areIn(Row row) {
        return Arrays.stream(values()).anyMatch(columns -> columns.marks(row));
    }

    /** @throws UserError with what the row is instead, where it is no pair */
    static PairColumns of(Row row) {
        return Arrays.stream(values())
                .filter(columns -> columns.marks(row))
                .findFirst()
                .orElseThrow(() -> noPair(row));
    }

    private boolean marks(Row row) {
        boolean either = this == CHOSEN_REJECTED || this == PREFERRED_OUTPUT;
        return row.has(rejected) || either && row.has(chosen);
    }

    private static UserError noPair(Row row) {
        String what =
                "has no pair: none of chosen, rejected_response, rejected_messages, preferred_output is among its columns "
                        + row.names();
        if (row.has("label") && (row.has("completion") || row.has("messages") || row.has("conversations"))) {
            what =
                    "holds one reply with a 'label' (unpaired preferences), but a pair is needed: write two replies to one prompt into the columns 'chosen' and 'rejected'";
        } else if (row.has("completions") || row.has("responses") || row.has("helpfulness")) {
            what =
                    "holds scored replies, but a pair is needed: write a better and a worse reply to one prompt into the columns 'chosen' and 'rejected'";
        } else if (List.of("completion", "response", "output").stream().anyMatch(row::has)) {
            what =
                    "holds a single reply, but a pair is needed: write two replies to one prompt into the columns 'chosen' and 'rejected'";
        }
        return row.error(what);
    }
}

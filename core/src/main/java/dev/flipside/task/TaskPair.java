package dev.flipside.task;

import java.util.Map;

/**
 * Two completions of a prompt with a label.
 *
 * @param prompt of both
 * @param chosen what the label prefers
 * @param rejected the other one
 * @param gap true reward of the chosen completion minus that of the rejected one: below 0 where the label is wrong
 */
public record TaskPair(TaskPrompt prompt, String chosen, String rejected, double gap) {
    /** Whether the better completion is the chosen one. */
    public boolean isRight() {
        return gap > 0;
    }

    /** The same pair with the other label. */
    TaskPair turned() {
        return new TaskPair(prompt, rejected, chosen, -gap);
    }

    /** A row of a data file. */
    Map<String, Object> row() {
        Map<String, Object> row = prompt.row();
        row.put("chosen", chosen);
        row.put("rejected", rejected);
        return row;
    }
}

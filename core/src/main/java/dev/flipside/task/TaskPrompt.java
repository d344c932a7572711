package dev.flipside.task;

import java.util.Map;
import java.util.TreeMap;

/**
 * A prompt of a task.
 *
 * @param text what the policy reads
 * @param columns what its judge reads besides, by the column's name
 */
public record TaskPrompt(String text, Map<String, Object> columns) {
    public TaskPrompt {
        columns = Map.copyOf(columns);
    }

    /** A row of a data file, its columns in one order. */
    Map<String, Object> row() {
        Map<String, Object> row = new TreeMap<>(columns);
        row.put("prompt", text);
        return row;
    }
}

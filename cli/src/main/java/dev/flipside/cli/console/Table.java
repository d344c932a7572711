package dev.flipside.cli.console;

import java.util.ArrayList;
import java.util.List;

/**
 * Rows of text in aligned columns; numbers stand to the right.
 *
 * @param header the column names, empty for a table without a header
 * @param rows rows of equal length
 */
public record Table(List<String> header, List<List<String>> rows) {
    private static final String GAP = "  ";
    private static final String NUMBER = "[-+]?[\\d.,]+( ?%)?([eE][-+]?\\d+)?";

    public Table {
        header = List.copyOf(header);
        rows = rows.stream().map(List::copyOf).toList();
    }

    /** Two columns without a header. */
    public static Table of(List<List<String>> rows) {
        return new Table(List.of(), rows);
    }

    /** The lines of the table, each with its newline. */
    public String render() {
        List<List<String>> all = new ArrayList<>(rows);
        if (!header.isEmpty()) {
            all.add(0, header);
        }
        int columns = all.stream().mapToInt(List::size).max().orElse(0);
        StringBuilder text = new StringBuilder();
        for (List<String> row : all) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < row.size(); column++) {
                line.append(column == 0 ? "" : GAP).append(cell(row.get(column), column, width(all, column)));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return columns == 0 ? "" : text.toString();
    }

    private String cell(String value, int column, int width) {
        String padding = " ".repeat(width - length(value));
        return numeric(column) ? padding + value : value + padding;
    }

    private boolean numeric(int column) {
        return !header.isEmpty()
                && rows.stream()
                        .map(row -> row.get(column))
                        .allMatch(value -> value.matches(NUMBER) || value.isEmpty());
    }

    private static int width(List<List<String>> all, int column) {
        return all.stream().mapToInt(row -> length(row.get(column))).max().orElse(0);
    }

    private static int length(String value) {
        return value.codePointCount(0, value.length());
    }
}

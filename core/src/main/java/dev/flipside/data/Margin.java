package dev.flipside.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Where the margin of a preference comes from: how much better the chosen reply is, subtracted inside the Bradley-Terry
 * loss. Used only when asked for.
 */
public sealed interface Margin {

    /** No margin. */
    record None() implements Margin {}

    /** A column of numbers, of the row itself or inside its {@code metadata}. */
    record Column(String name) implements Margin {}

    /** {@code score_chosen - score_rejected}, of the row itself or inside its {@code metadata}. */
    record ScoreDifference() implements Margin {}

    /** The name under which {@link ScoreDifference} is asked for. */
    String SCORE_DIFFERENCE = "score_difference";

    /** From the option's text: absent, {@link #SCORE_DIFFERENCE}, or a column's name. */
    static Margin parse(Optional<String> option) {
        return option.<Margin>map(name -> name.equals(SCORE_DIFFERENCE) ? new ScoreDifference() : new Column(name))
                .orElseGet(None::new);
    }

    /** @throws dev.flipside.config.UserError when a column asked for is absent or not a finite number */
    default OptionalDouble of(Row row) {
        if (this instanceof Column column) {
            return OptionalDouble.of(number(row, column.name()));
        }
        return this instanceof ScoreDifference
                ? OptionalDouble.of(number(row, "score_chosen") - number(row, "score_rejected"))
                : OptionalDouble.empty();
    }

    private static double number(Row row, String column) {
        JsonNode value = row.find(column)
                .or(() -> row.find("metadata").map(metadata -> metadata.path(column)))
                .filter(node -> !node.isMissingNode() && !node.isNull())
                .orElseThrow(() ->
                        row.error("has no column '" + column + "', which the margin needs; it has " + row.names()));
        double number = value.isNumber() ? value.asDouble() : parsed(value.asText());
        if (!Double.isFinite(number)) {
            throw row.error("has '" + value.asText() + "' in the margin's column '" + column
                    + "', which is not a finite number");
        }
        return number;
    }

    /** CSV cells are texts. */
    private static double parsed(String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }
}

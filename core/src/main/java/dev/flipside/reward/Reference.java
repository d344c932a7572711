package dev.flipside.reward;

import dev.flipside.config.UserError;
import dev.flipside.data.PlainText;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The right answer that a data row holds.
 *
 * @param text a number as {@link PlainText} writes it
 * @param decimal whether the file holds it as a number that is not an integer's spelling, such as {@code 1.5e7} or
 *     {@code 18.0}
 */
record Reference(String text, boolean decimal) {
    /**
     * The reference in a column; empty where the row has none: the column is absent or null, or the number NaN, which
     * is how pandas writes a missing one.
     *
     * @throws UserError where the column holds a list or a map
     */
    static Optional<Reference> in(String function, String column, Map<String, Object> columns) {
        Object value = columns.get(column);
        if (value == null || value instanceof Double number && number.isNaN()) {
            return Optional.empty();
        }
        if (value instanceof List<?> || value instanceof Map<?, ?>) {
            throw new UserError("Reward function '" + function + "': column '" + column + "' holds " + value
                    + ", but an answer can be compared with one text or number only; write that into the column.");
        }
        return Optional.of(new Reference(PlainText.of(value), value instanceof Double || value instanceof BigDecimal));
    }
}

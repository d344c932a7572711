package dev.flipside.cli.inspect;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How long some texts are, in tokens.
 *
 * @param count of texts, at least 1
 * @param limit the longest that fits
 * @param tooLong texts beyond it
 */
record TokenLengths(int count, int min, int median, int max, int limit, int tooLong) {
    static TokenLengths of(int[] lengths, int limit) {
        int[] sorted = lengths.clone();
        Arrays.sort(sorted);
        return new TokenLengths(
                sorted.length, sorted[0], sorted[(sorted.length - 1) / 2], sorted[sorted.length - 1], limit, (int)
                        Arrays.stream(sorted).filter(n -> n > limit).count());
    }

    @Override
    public String toString() {
        return count + ", tokens: min " + min + ", median " + median + ", max " + max + "; longer than " + limit + ": "
                + tooLong;
    }

    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("count", count);
        object.put("min", min);
        object.put("median", median);
        object.put("max", max);
        object.put("limit", limit);
        object.put("too_long", tooLong);
        return object;
    }
}

package dev.flipside.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Rows without repetitions. The last bits of a score depend on the row's place in its batch, so where equal rows must
 * have equal scores, each is scored once.
 *
 * @param rows each sequence of token ids once, in the order of its first row
 * @param places for each of the caller's rows its place among {@code rows}
 */
record DistinctRows(List<ScoredRow> rows, int[] places) {
    /** Rows are equal when their token ids are. */
    static DistinctRows of(List<ScoredRow> all) {
        List<ScoredRow> rows = new ArrayList<>();
        Map<TokenIds, Integer> known = new HashMap<>();
        int[] places = new int[all.size()];
        for (int i = 0; i < places.length; i++) {
            ScoredRow row = all.get(i);
            places[i] = known.computeIfAbsent(new TokenIds(row.ids()), ids -> {
                rows.add(row);
                return rows.size() - 1;
            });
        }
        return new DistinctRows(rows, places);
    }

    /** One number per row of the caller's from one per distinct row. */
    double[] spread(double[] ofRows) {
        return Arrays.stream(places).mapToDouble(place -> ofRows[place]).toArray();
    }
}

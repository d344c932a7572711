package dev.flipside.eval.dataset;

import dev.flipside.data.Example;
import dev.flipside.data.Row;
import dev.flipside.engine.Seeds;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Rows to train on and rows to measure with. What measures a model must not be what it was trained on, so all rows of a
 * prompt are on one side.
 *
 * @param training in the file's order
 * @param heldOut in the file's order
 */
public record RowSplit(List<Row> training, List<Row> heldOut) {
    public RowSplit {
        training = List.copyOf(training);
        heldOut = List.copyOf(heldOut);
    }

    /**
     * Splits by chance.
     *
     * @param rows of preferences or prompts
     * @param wanted rows to hold out; where the rows of a prompt would go beyond that another prompt is taken, so there
     *     may be fewer
     * @param seed the same one splits the same rows alike
     * @throws dev.flipside.config.UserError when a row has no known shape
     */
    public static RowSplit of(List<Row> rows, int wanted, long seed) {
        Map<Long, List<Integer>> places = new LinkedHashMap<>();
        for (int place = 0; place < rows.size(); place++) {
            places.computeIfAbsent(prompt(rows.get(place)), key -> new ArrayList<>())
                    .add(place);
        }
        List<List<Integer>> prompts = List.copyOf(places.values());
        boolean[] out = new boolean[rows.size()];
        int count = 0;
        for (int prompt : new Seeds(seed).permutation(Seeds.Stream.ROW_SPLIT, 0, prompts.size())) {
            List<Integer> some = prompts.get(prompt);
            if (count + some.size() <= wanted) {
                some.forEach(place -> out[place] = true);
                count += some.size();
            }
        }
        List<Row> training = new ArrayList<>();
        List<Row> heldOut = new ArrayList<>();
        for (int place = 0; place < rows.size(); place++) {
            (out[place] ? heldOut : training).add(rows.get(place));
        }
        return new RowSplit(training, heldOut);
    }

    /** Prompts that differ in case or punctuation alone are one. */
    private static long prompt(Row row) {
        Example example = Example.read(row);
        return Fingerprint.of(Fingerprint.normalised(Fingerprint.parts(
                example instanceof Example.Pair pair ? pair.chosenPrompt() : ((Example.Prompt) example).prompt())));
    }
}

package dev.flipside.rollout;

import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * A model whose logits are a hash of all tokens so far: exact, and wrong at once when a row is given another row's
 * tokens.
 */
final class HashedModel implements DecodingModel {
    static final int END = 0;
    private static final int VOCABULARY = 12;
    private static final int CONTEXT = 24;

    /** Rows computed in each step of each batch, prefills as their number of prompts. */
    final List<List<Integer>> rowsPerStep = new ArrayList<>();

    int openBatches;

    @Override
    public int context() {
        return CONTEXT;
    }

    @Override
    public int vocabulary() {
        return VOCABULARY;
    }

    @Override
    public Set<Integer> endIds() {
        return Set.of(END, END + 1);
    }

    @Override
    public Device device() {
        return Device.CPU;
    }

    /** Logits in (-1, 3) after these tokens. */
    static double[] logits(List<Integer> tokens) {
        double[] logits = new double[VOCABULARY];
        for (int v = 0; v < VOCABULARY; v++) {
            logits[v] = 4 * Seeds.uniform(tokens.hashCode(), v) - 1;
        }
        return logits;
    }

    @Override
    public void close() {}

    @Override
    public DecodingBatch start(List<int[]> prompts, int rowsPerPrompt, int steps) {
        List<Integer> computed = new ArrayList<>();
        rowsPerStep.add(computed);
        openBatches++;
        List<List<Integer>> rows = new ArrayList<>();
        for (int[] prompt : prompts) {
            for (int sample = 0; sample < rowsPerPrompt; sample++) {
                rows.add(new ArrayList<>(Arrays.stream(prompt).boxed().toList()));
            }
        }
        return new HashedBatch(rows, computed, prompts.size());
    }

    private final class HashedBatch implements DecodingBatch {
        private List<List<Integer>> rows;
        private final List<Integer> steps;
        private final int prompts;

        HashedBatch(List<List<Integer>> rows, List<Integer> steps, int prompts) {
            this.rows = rows;
            this.steps = steps;
            this.prompts = prompts;
        }

        @Override
        public Tensor afterPrompts() {
            steps.add(prompts);
            return tensor();
        }

        @Override
        public Tensor step(int[] tokens) {
            if (tokens.length != rows.size()) {
                throw new IllegalArgumentException(tokens.length + " tokens for " + rows.size() + " rows");
            }
            steps.add(tokens.length);
            for (int r = 0; r < tokens.length; r++) {
                rows.get(r).add(tokens[r]);
                if (rows.get(r).size() > CONTEXT) {
                    throw new IllegalStateException("a row grew beyond the context");
                }
            }
            return tensor();
        }

        private Tensor tensor() {
            double[] all = rows.stream()
                    .flatMapToDouble(row -> Arrays.stream(logits(row)))
                    .toArray();
            return Tensors.ofDoubles(all, Device.CPU, rows.size(), VOCABULARY);
        }

        @Override
        public void keepRows(int[] kept) {
            List<List<Integer>> remaining = new ArrayList<>();
            for (int r : kept) {
                remaining.add(rows.get(r));
            }
            rows = Collections.unmodifiableList(remaining);
        }

        @Override
        public void close() {
            openBatches--;
        }
    }
}

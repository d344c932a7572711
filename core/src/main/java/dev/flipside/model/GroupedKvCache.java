package dev.flipside.model;

import dev.flipside.engine.BatchedProducts;
import dev.flipside.engine.BatchedProducts.Matrices;
import dev.flipside.engine.BatchedProducts.Memory;
import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Keys and values of groups that are being decoded, and attention over them: a prompt's are stored and read once for its whole group.
 *
 * <p>Rows form a grid of P prompts by R samples. Per layer: prompts [P, KV, Sp, headDim], padded on the right and masked there, and completions
 * [P, KV, R, capacity, headDim]; the halves of keys are interleaved ({@link DecodingWeights}). Query heads that share a key head are rows of one product. Everything
 * that a step touches, views and addresses included, is made when the grid is. Lives outside every scope until {@link #close}.
 */
final class GroupedKvCache implements AutoCloseable {
    /**
     * Tokens by which buffers of completions grow. Small ones lie close together, which a step that reads all of them is quicker with; a growth costs about as much as a
     * tenth of a step.
     */
    private static final int GROWTH = 16;

    private final DecoderConfig config;
    private final int promptSlots;
    /** The most tokens that a row may add. */
    private final int limit;

    private int capacity;
    private final Tensor promptHidden;
    private final Tensor scores;
    private final Memory scoreMemory;
    /** [P, KV, Sp, headDim] of each layer. */
    private final List<Stored> prompts = new ArrayList<>();

    private final List<Rows> rows = new ArrayList<>();
    private Grid grid;
    /** Minus infinity behind the end of each shorter prompt, [P, 1, Sp]. */
    private Optional<Tensor> mask;

    private int used;

    /** Keys and values of one layer, [..., tokens, headDim] each. */
    private record Stored(Tensor keys, Tensor values, Memory keyMemory, Memory valueMemory) {
        static Stored of(Tensor keys, Tensor values) {
            return new Stored(Scopes.keep(keys), Scopes.keep(values), Memory.of(keys), Memory.of(values));
        }

        void release() {
            List.of(keys, values).forEach(Scopes::release);
        }
    }

    /**
     * What the rows of one layer added to their prompts.
     *
     * @param stored [P, KV, R, capacity, headDim]
     * @param keysByToken [P, R, KV, capacity, headDim / 2] complex
     * @param valuesByToken [P, R, KV, capacity, headDim]
     */
    private record Rows(Stored stored, Tensor keysByToken, Tensor valuesByToken) {
        static Rows of(Tensor keys, Tensor values) {
            return new Rows(
                    Stored.of(keys, values),
                    Scopes.keep(asComplex(keys.transpose(1, 2))),
                    Scopes.keep(values.transpose(1, 2)));
        }

        Rows map(UnaryOperator<Tensor> change) {
            Rows changed = of(change.apply(stored.keys), change.apply(stored.values));
            release();
            return changed;
        }

        void release() {
            List.of(keysByToken, valuesByToken).forEach(Scopes::release);
            stored.release();
        }
    }

    /**
     * What depends on the size of the grid alone.
     *
     * @param queries [P, KV, R, G, headDim], G query heads sharing a key head
     * @param mixed what attention makes of them
     * @param queriesByRow [P, R, KV, G, headDim / 2] complex
     * @param mixedByRow [P, R, KV, G, headDim]
     */
    private record Grid(
            int prompts,
            int samples,
            Tensor queries,
            Tensor mixed,
            Tensor queriesByRow,
            Tensor mixedByRow,
            Memory queryMemory,
            Memory mixedMemory) {
        static Grid of(int prompts, int samples, DecoderConfig config) {
            long[] shape = {prompts, config.kvHeads(), samples, config.heads() / config.kvHeads(), config.headDim()};
            Tensor queries = zeros(shape);
            Tensor mixed = zeros(shape);
            return new Grid(
                    prompts,
                    samples,
                    queries,
                    mixed,
                    Scopes.keep(asComplex(queries.transpose(1, 2))),
                    Scopes.keep(mixed.transpose(1, 2)),
                    Memory.of(queries),
                    Memory.of(mixed));
        }

        void release() {
            List.of(queriesByRow, mixedByRow, queries, mixed).forEach(Scopes::release);
        }
    }

    /** One token's place in every row, the same for all layers. */
    final class Step {
        private final int width = promptSlots + used + 1;
        private final Tensor table;
        private final Optional<Tensor> masked;
        private final Memory rowScores = scoreMemory.from(promptSlots);

        private Step() {
            long queries = (long) grid.prompts * config.heads() * grid.samples;
            table = scores.narrow(0, 0, queries * width).view(-1, width);
            masked = mask.map(m -> table.view(grid.prompts, -1, width).narrow(2, 0, promptSlots));
        }

        /**
         * Stores a token in a layer and attends to all that its row holds.
         *
         * @param q [P, R, KV, G, headDim / 2] complex, scaled but not rotated
         * @param k [P, R, KV, headDim / 2] complex, not rotated
         * @param v [P, R, KV, headDim]
         * @param angles the rotation, complex [P, R, 1, headDim / 2]
         * @return [P, R, KV, G, headDim], overwritten by the next call
         */
        Tensor attend(int number, Tensor q, Tensor k, Tensor v, Tensor angles) {
            Stored ofPrompts = prompts.get(number);
            Rows ofRows = rows.get(number);
            torch.mul_out(grid.queriesByRow, q, angles.unsqueeze(3));
            torch.mul_out(ofRows.keysByToken.select(3, used), k, angles);
            ofRows.valuesByToken.select(3, used).copy_(v);

            int dim = config.headDim();
            int group = config.heads() / config.kvHeads();
            int heads = grid.prompts * config.kvHeads();
            int cells = heads * grid.samples;
            int promptRows = grid.samples * group;
            int seen = used + 1;
            Matrices promptScores = scoreMemory.matrices(width, promptRows * width);
            Matrices scoresOfRows = rowScores.matrices(width, group * width);
            multiply(
                    heads,
                    promptRows,
                    promptSlots,
                    dim,
                    grid.queryMemory.matrices(dim, promptRows * dim),
                    ofPrompts.keyMemory.matrices(dim, promptSlots * dim),
                    true,
                    0,
                    promptScores);
            multiply(
                    cells,
                    group,
                    seen,
                    dim,
                    grid.queryMemory.matrices(dim, group * dim),
                    ofRows.stored.keyMemory.matrices(dim, capacity * dim),
                    true,
                    0,
                    scoresOfRows);
            masked.ifPresent(part -> part.add_(mask.orElseThrow()));
            torch.softmax_out(table, table, 1);
            multiply(
                    heads,
                    promptRows,
                    dim,
                    promptSlots,
                    promptScores,
                    ofPrompts.valueMemory.matrices(dim, promptSlots * dim),
                    false,
                    0,
                    grid.mixedMemory.matrices(dim, promptRows * dim));
            multiply(
                    cells,
                    group,
                    dim,
                    seen,
                    scoresOfRows,
                    ofRows.stored.valueMemory.matrices(dim, capacity * dim),
                    false,
                    1,
                    grid.mixedMemory.matrices(dim, group * dim));
            return grid.mixedByRow;
        }

        /** To be called when the token went through all layers. */
        void done() {
            used++;
        }
    }

    private static void multiply(
            int count, int m, int n, int k, Matrices a, Matrices b, boolean transposeB, float beta, Matrices c) {
        BatchedProducts.multiply(count, m, n, k, 1, a, b, transposeB, beta, c);
    }

    /** Computes the prompts. */
    GroupedKvCache(Decoder decoder, List<int[]> promptIds, int samples, int steps) {
        config = decoder.config();
        limit = Math.max(1, steps);
        capacity = Math.min(limit, GROWTH);
        int count = promptIds.size();
        promptSlots = promptIds.stream().mapToInt(p -> p.length).max().orElseThrow();
        long kv = config.kvHeads();
        long dim = config.headDim();
        try (Scopes.Frozen scope = Scopes.frozen()) {
            for (int l = 0; l < config.layers(); l++) {
                // Zeros: padding still meets a product with its value.
                prompts.add(Stored.of(empty(count, kv, promptSlots, dim), empty(count, kv, promptSlots, dim)));
                long[] shape = {count, kv, samples, capacity, dim};
                rows.add(Rows.of(empty(shape), empty(shape)));
            }
            grid = Grid.of(count, samples, config);
            scores = zeros((long) count * config.heads() * samples * (promptSlots + limit));
            scoreMemory = Memory.of(scores);
            promptHidden = zeros(count, config.hiddenSize());
            mask = mask(promptIds);
        }
        try {
            Prefill.run(decoder, promptIds, this::store, promptHidden);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private static Tensor zeros(long... shape) {
        return Scopes.keep(empty(shape));
    }

    /** Zeros, in the caller's scope. */
    private static Tensor empty(long... shape) {
        return torch.zeros(shape, Device.CPU.options(ScalarType.Float));
    }

    /** Neighbours of the last dimension as complex numbers: a view. */
    static Tensor asComplex(Tensor x) {
        return torch.view_as_complex(x.unflatten(-1, -1, 2));
    }

    private Optional<Tensor> mask(List<int[]> promptIds) {
        if (promptIds.stream().allMatch(p -> p.length == promptSlots)) {
            return Optional.empty();
        }
        int count = promptIds.size();
        float[] additive = new float[count * promptSlots];
        for (int p = 0; p < count; p++) {
            Arrays.fill(
                    additive,
                    p * promptSlots + promptIds.get(p).length,
                    (p + 1) * promptSlots,
                    Float.NEGATIVE_INFINITY);
        }
        return Optional.of(Scopes.keep(Tensors.ofFloats(additive, Device.CPU, count, 1, promptSlots)));
    }

    private void store(int layer, int prompt, Tensor k, Tensor v) {
        long tokens = k.size(0);
        long half = config.headDim() / 2;
        prompts.get(layer)
                .keys
                .select(0, prompt)
                .narrow(1, 0, tokens)
                .unflatten(2, half, 2)
                .copy_(k.transpose(0, 1).unflatten(2, 2, half).transpose(2, 3));
        prompts.get(layer).values.select(0, prompt).narrow(1, 0, tokens).copy_(v.transpose(0, 1));
    }

    /** The hidden state after each prompt's last token, float32 [prompts, D], of all prompts that there were at first. */
    Tensor promptHidden() {
        return promptHidden;
    }

    int prompts() {
        return grid.prompts;
    }

    int samples() {
        return grid.samples;
    }

    /** More than the position of any row's next token. */
    long beyond() {
        return promptSlots + used + 1L;
    }

    /**
     * The next token of every row; views belong to the caller's scope.
     *
     * @throws IllegalStateException when there is no room for it
     */
    Step next() {
        if (used == limit) {
            throw new IllegalStateException("a cache of " + limit + " tokens is full");
        }
        if (used == capacity) {
            grow();
        }
        return new Step();
    }

    private void grow() {
        capacity = Math.min(limit, capacity + GROWTH);
        try (Scopes.Frozen scope = Scopes.frozen()) {
            long[] shape = {grid.prompts, config.kvHeads(), grid.samples, capacity, config.headDim()};
            rows.replaceAll(all -> all.map(buffer -> {
                Tensor larger = empty(shape);
                larger.narrow(3, 0, used).copy_(buffer);
                return larger;
            }));
        }
    }

    /**
     * Makes the grid smaller.
     *
     * @param kept the prompts that stay, ascending
     * @param cells the sample that moves to each place, {@code [kept prompt][new sample]}; all equally many
     */
    void keep(int[] kept, int[][] cells) {
        int fewer = cells[0].length;
        int kv = config.kvHeads();
        int samples = grid.samples;
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor promptIndex = index(IntStream.of(kept));
            Tensor rowIndex = index(IntStream.range(0, kept.length).flatMap(p -> IntStream.range(0, kv)
                    .flatMap(h -> IntStream.of(cells[p]).map(r -> (kept[p] * kv + h) * samples + r))));
            prompts.replaceAll(all -> {
                Stored chosen =
                        Stored.of(all.keys.index_select(0, promptIndex), all.values.index_select(0, promptIndex));
                all.release();
                return chosen;
            });
            long[] shape = {kept.length, kv, fewer, capacity, config.headDim()};
            rows.replaceAll(all -> all.map(
                    buffer -> buffer.flatten(0, 2).index_select(0, rowIndex).view(shape)));
            grid.release();
            grid = Grid.of(kept.length, fewer, config);
            Optional<Tensor> smallerMask = mask.map(m -> Scopes.keep(m.index_select(0, promptIndex)));
            mask.ifPresent(Scopes::release);
            mask = smallerMask;
        }
    }

    private static Tensor index(IntStream numbers) {
        long[] longs = numbers.asLongStream().toArray();
        return Tensors.ofLongs(longs, Device.CPU, longs.length);
    }

    @Override
    public void close() {
        prompts.forEach(Stored::release);
        rows.forEach(Rows::release);
        grid.release();
        mask.ifPresent(Scopes::release);
        List.of(scores, promptHidden).forEach(Scopes::release);
    }
}

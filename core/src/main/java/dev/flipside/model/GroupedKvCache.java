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
    private final DecoderConfig config;
    private final int promptSlots;
    private final int capacity;
    private final Tensor promptHidden;
    private final Tensor scores;
    private final Memory scoreMemory;
    private List<Layer> layers = new ArrayList<>();
    private Grid grid;
    /** Minus infinity behind the end of each shorter prompt, [P, 1, Sp]. */
    private Optional<Tensor> mask;

    private int used;

    /** One layer's buffers, and what steps need of them. */
    private record Layer(
            Tensor promptKeys,
            Tensor promptValues,
            Tensor keys,
            Tensor values,
            Tensor keysByToken,
            Tensor valuesByToken,
            Memory promptKeyMemory,
            Memory promptValueMemory,
            Memory keyMemory,
            Memory valueMemory) {

        static Layer of(Tensor promptKeys, Tensor promptValues, Tensor keys, Tensor values) {
            return new Layer(
                    Scopes.keep(promptKeys),
                    Scopes.keep(promptValues),
                    Scopes.keep(keys),
                    Scopes.keep(values),
                    // [P, R, KV, capacity, headDim / 2] complex, [P, R, KV, capacity, headDim]
                    Scopes.keep(asComplex(keys.transpose(1, 2))),
                    Scopes.keep(values.transpose(1, 2)),
                    Memory.of(promptKeys),
                    Memory.of(promptValues),
                    Memory.of(keys),
                    Memory.of(values));
        }

        void release() {
            List.of(keysByToken, valuesByToken, promptKeys, promptValues, keys, values)
                    .forEach(Scopes::release);
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
            if (used == capacity) {
                throw new IllegalStateException("a cache of " + capacity + " tokens is full");
            }
            long rows = (long) grid.prompts * config.heads() * grid.samples;
            table = scores.narrow(0, 0, rows * width).view(-1, width);
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
            Layer layer = layers.get(number);
            torch.mul_out(grid.queriesByRow, q, angles.unsqueeze(3));
            torch.mul_out(layer.keysByToken.select(3, used), k, angles);
            layer.valuesByToken.select(3, used).copy_(v);

            int dim = config.headDim();
            int group = config.heads() / config.kvHeads();
            int heads = grid.prompts * config.kvHeads();
            int rows = heads * grid.samples;
            int promptRows = grid.samples * group;
            int seen = used + 1;
            Matrices promptScores = scoreMemory.matrices(width, promptRows * width);
            Matrices ofRows = rowScores.matrices(width, group * width);
            multiply(
                    heads,
                    promptRows,
                    promptSlots,
                    dim,
                    grid.queryMemory.matrices(dim, promptRows * dim),
                    layer.promptKeyMemory.matrices(dim, promptSlots * dim),
                    true,
                    0,
                    promptScores);
            multiply(
                    rows,
                    group,
                    seen,
                    dim,
                    grid.queryMemory.matrices(dim, group * dim),
                    layer.keyMemory.matrices(dim, capacity * dim),
                    true,
                    0,
                    ofRows);
            masked.ifPresent(part -> part.add_(mask.orElseThrow()));
            torch.softmax_out(table, table, 1);
            multiply(
                    heads,
                    promptRows,
                    dim,
                    promptSlots,
                    promptScores,
                    layer.promptValueMemory.matrices(dim, promptSlots * dim),
                    false,
                    0,
                    grid.mixedMemory.matrices(dim, promptRows * dim));
            multiply(
                    rows,
                    group,
                    dim,
                    seen,
                    ofRows,
                    layer.valueMemory.matrices(dim, capacity * dim),
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
    GroupedKvCache(Decoder decoder, List<int[]> promptIds, int samples, int capacity) {
        config = decoder.config();
        this.capacity = Math.max(1, capacity);
        int prompts = promptIds.size();
        promptSlots = promptIds.stream().mapToInt(p -> p.length).max().orElseThrow();
        long kv = config.kvHeads();
        long dim = config.headDim();
        try (Scopes.Frozen scope = Scopes.frozen()) {
            for (int l = 0; l < config.layers(); l++) {
                // Zeros: padding still meets a product with its value.
                layers.add(Layer.of(
                        torch.zeros(prompts, kv, promptSlots, dim),
                        torch.zeros(prompts, kv, promptSlots, dim),
                        torch.zeros(prompts, kv, samples, this.capacity, dim),
                        torch.zeros(prompts, kv, samples, this.capacity, dim)));
            }
            grid = Grid.of(prompts, samples, config);
            scores = zeros((long) prompts * config.heads() * samples * (promptSlots + this.capacity));
            scoreMemory = Memory.of(scores);
            promptHidden = zeros(prompts, config.hiddenSize());
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
        return Scopes.keep(torch.zeros(shape, Device.CPU.options(ScalarType.Float)));
    }

    /** Neighbours of the last dimension as complex numbers: a view. */
    static Tensor asComplex(Tensor x) {
        return torch.view_as_complex(x.unflatten(-1, -1, 2));
    }

    private Optional<Tensor> mask(List<int[]> promptIds) {
        if (promptIds.stream().allMatch(p -> p.length == promptSlots)) {
            return Optional.empty();
        }
        int prompts = promptIds.size();
        float[] additive = new float[prompts * promptSlots];
        for (int p = 0; p < prompts; p++) {
            Arrays.fill(
                    additive,
                    p * promptSlots + promptIds.get(p).length,
                    (p + 1) * promptSlots,
                    Float.NEGATIVE_INFINITY);
        }
        return Optional.of(Scopes.keep(Tensors.ofFloats(additive, Device.CPU, prompts, 1, promptSlots)));
    }

    private void store(int layer, int prompt, Tensor k, Tensor v) {
        long tokens = k.size(0);
        long half = config.headDim() / 2;
        layers.get(layer)
                .promptKeys
                .select(0, prompt)
                .narrow(1, 0, tokens)
                .unflatten(2, half, 2)
                .copy_(k.transpose(0, 1).unflatten(2, 2, half).transpose(2, 3));
        layers.get(layer).promptValues.select(0, prompt).narrow(1, 0, tokens).copy_(v.transpose(0, 1));
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
        return new Step();
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
            List<Layer> smaller = new ArrayList<>();
            for (Layer layer : layers) {
                smaller.add(Layer.of(
                        layer.promptKeys.index_select(0, promptIndex),
                        layer.promptValues.index_select(0, promptIndex),
                        rows(layer.keys, rowIndex, kept.length, fewer),
                        rows(layer.values, rowIndex, kept.length, fewer)));
                layer.release();
            }
            layers = smaller;
            grid.release();
            grid = Grid.of(kept.length, fewer, config);
            Optional<Tensor> smallerMask = mask.map(m -> Scopes.keep(m.index_select(0, promptIndex)));
            mask.ifPresent(Scopes::release);
            mask = smallerMask;
        }
    }

    private Tensor rows(Tensor buffer, Tensor index, long prompts, long samples) {
        return buffer.flatten(0, 2)
                .index_select(0, index)
                .view(prompts, config.kvHeads(), samples, capacity, config.headDim());
    }

    private static Tensor index(IntStream numbers) {
        long[] longs = numbers.asLongStream().toArray();
        return Tensors.ofLongs(longs, Device.CPU, longs.length);
    }

    @Override
    public void close() {
        layers.forEach(Layer::release);
        grid.release();
        mask.ifPresent(Scopes::release);
        List.of(scores, promptHidden).forEach(Scopes::release);
    }
}

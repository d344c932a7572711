package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Epilogue;
import dev.flipside.engine.MatrixProduct;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.DecoderConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Keys and values of groups that are being decoded, and attention over them: a prompt's are stored and read once for
 * its whole group.
 *
 * <p>Rows form a grid of P prompts by R samples. Per layer: prompts [P, KV, Sp, headDim], padded on the right and
 * masked there, and completions [P, KV, R, capacity, headDim], their keys [P, KV, R, headDim, capacity], as products of
 * few rows read them; the halves of keys are interleaved ({@link DecodingWeights}). Query heads that share a key head
 * are rows of one product. Everything that a step touches, views and addresses included, is made when the grid is.
 * Lives outside every scope until {@link #close}.
 */
final class GroupedKvCache implements AutoCloseable {
    /**
     * Tokens that completions have room for at first; it doubles when it is used up. Small buffers are read faster than
     * the used part of large ones.
     */
    private static final int FIRST_CAPACITY = 32;

    /**
     * Tokens after which products are prepared anew: those of a block look at all its slots, the unused ones masked.
     */
    private static final int BLOCK = 16;

    private static final Scalar MINUS_INFINITY = Scopes.keep(new Scalar(Double.NEGATIVE_INFINITY));

    private final DecoderConfig config;
    private final int promptSlots;
    /** The most tokens that a row may add. */
    private final int limit;

    private int capacity;
    private final Tensor promptHidden;
    private final Tensor scores;
    private final List<Products> products = new ArrayList<>();
    /** Slots of completions in the products, a whole number of blocks unless the limit ends the last. */
    private int slots;
    /** The part of {@code scores} that they use, [P * H * R, width]. */
    private Tensor table;

    /** [P, KV, Sp, headDim] of each layer. */
    private final List<Stored> prompts = new ArrayList<>();

    private final List<Rows> rows = new ArrayList<>();
    private DecodingGrid grid;
    /** Minus infinity behind the end of each shorter prompt, [P, 1, Sp]. */
    private Optional<Tensor> mask;

    private int used;

    /** Keys and values of one layer. */
    private record Stored(Tensor keys, Tensor values) {
        static Stored of(Tensor keys, Tensor values) {
            return new Stored(Scopes.keep(keys), Scopes.keep(values));
        }

        void release() {
            List.of(keys, values).forEach(Scopes::release);
        }
    }

    /**
     * What the rows of one layer added to their prompts.
     *
     * @param stored keys [P, KV, R, headDim, capacity], values [P, KV, R, capacity, headDim]
     * @param keysByToken [P, R, KV, headDim, capacity]
     * @param valuesByToken [P, R, KV, capacity, headDim]
     */
    private record Rows(Stored stored, Tensor keysByToken, Tensor valuesByToken) {
        static Rows of(Tensor keys, Tensor values) {
            return new Rows(
                    Stored.of(keys, values), Scopes.keep(keys.transpose(1, 2)), Scopes.keep(values.transpose(1, 2)));
        }

        /** Other buffers in the place of these. */
        Rows map(UnaryOperator<Tensor> keys, UnaryOperator<Tensor> values) {
            Rows changed = of(keys.apply(stored.keys), values.apply(stored.values));
            release();
            return changed;
        }

        void release() {
            List.of(keysByToken, valuesByToken).forEach(Scopes::release);
            stored.release();
        }
    }

    /**
     * Attention of one layer over as many slots as the current block of tokens has.
     *
     * @param ofPrompts queries by the prompts' keys
     * @param ofRows queries by the completions' keys, beside them in the same table
     * @param fromPrompts the softmax of the one by the prompts' values
     * @param fromRows that of the other by the completions' values, added
     */
    private record Products(
            MatrixProduct ofPrompts, MatrixProduct ofRows, MatrixProduct fromPrompts, MatrixProduct fromRows) {
        void close() {
            List.of(ofPrompts, ofRows, fromPrompts, fromRows).forEach(MatrixProduct::close);
        }
    }

    private Products products(Stored ofPrompts, Stored ofRows) {
        long dim = config.headDim();
        long group = config.heads() / config.kvHeads();
        long heads = (long) grid.prompts() * config.kvHeads();
        long cells = heads * grid.samples();
        // All rows of a prompt that share a key head; each row alone.
        long[] together = {heads, grid.samples() * group, dim};
        long[] alone = {cells, group, dim};
        try (PointerScope scope = new PointerScope()) {
            Tensor scoresOfPrompts =
                    table.view(heads, grid.samples() * group, width()).narrow(2, 0, promptSlots);
            Tensor scoresOfRows = table.view(cells, group, width()).narrow(2, promptSlots, slots);
            Tensor rowKeys = ofRows.keys.view(cells, dim, capacity).narrow(2, 0, slots);
            Tensor rowValues = ofRows.values.view(cells, capacity, dim).narrow(1, 0, slots);
            return new Products(
                    MatrixProduct.of(
                            grid.queries().view(together),
                            ofPrompts.keys.view(heads, promptSlots, dim).transpose(1, 2),
                            scoresOfPrompts,
                            Epilogue.NONE),
                    MatrixProduct.of(grid.queries().view(alone), rowKeys, scoresOfRows, Epilogue.NONE),
                    MatrixProduct.of(
                            scoresOfPrompts,
                            ofPrompts.values.view(heads, promptSlots, dim),
                            grid.mixed().view(together),
                            Epilogue.NONE),
                    MatrixProduct.of(scoresOfRows, rowValues, grid.mixed().view(alone), Epilogue.ACCUMULATE));
        }
    }

    /** One token's place in every row, the same for all layers. */
    final class Step {
        private final Optional<Tensor> masked =
                mask.map(m -> table.view(grid.prompts(), -1, width()).narrow(2, 0, promptSlots));
        private final Optional<Tensor> unused = used + 1 < slots
                ? Optional.of(table.narrow(1, promptSlots + used + 1L, slots - used - 1L))
                : Optional.empty();

        private final Tensor angles;
        private final Tensor anglesOfQueries;

        private Step(Tensor angles) {
            this.angles = angles;
            anglesOfQueries = angles.unsqueeze(3);
        }

        /**
         * Stores a token in a layer and attends to all that its row holds.
         *
         * @param q [P, R, KV, G, headDim / 2] complex, scaled but not rotated
         * @param k [P, R, KV, headDim / 2] complex, not rotated
         * @param v [P, R, KV, headDim]
         * @return [P, R, KV, G, headDim], overwritten by the next call
         */
        Tensor attend(int layer, Tensor q, Tensor k, Tensor v) {
            torch.mul_out(grid.queriesByRow(), q, anglesOfQueries);
            torch.mul_out(grid.newKeysAsComplex(), k, angles);
            rows.get(layer).keysByToken.select(4, used).copy_(grid.newKeys());
            rows.get(layer).valuesByToken.select(3, used).copy_(v);
            Products product = products.get(layer);
            product.ofPrompts.run();
            product.ofRows.run();
            masked.ifPresent(part -> part.add_(mask.orElseThrow()));
            unused.ifPresent(part -> part.fill_(MINUS_INFINITY));
            torch.softmax_out(table, table, 1);
            product.fromPrompts.run();
            product.fromRows.run();
            return grid.mixedByRow();
        }

        /** To be called when the token went through all layers. */
        void done() {
            used++;
        }
    }

    /** Computes the prompts. */
    GroupedKvCache(Decoder decoder, List<int[]> promptIds, int samples, int steps) {
        config = decoder.config();
        limit = Math.max(1, steps);
        capacity = Math.min(wholeBlocks(limit), FIRST_CAPACITY);
        int count = promptIds.size();
        promptSlots = promptIds.stream().mapToInt(p -> p.length).max().orElseThrow();
        long kv = config.kvHeads();
        long dim = config.headDim();
        try (Scopes.Frozen scope = Scopes.frozen()) {
            for (int l = 0; l < config.layers(); l++) {
                // Zeros: padding still meets a product with its value.
                prompts.add(Stored.of(zeroed(count, kv, promptSlots, dim), zeroed(count, kv, promptSlots, dim)));
                rows.add(Rows.of(
                        untouched(count, kv, samples, dim, capacity), untouched(count, kv, samples, capacity, dim)));
            }
            grid = DecodingGrid.of(count, samples, config);
            scores = zeros((long) count * config.heads() * samples * (promptSlots + limit));
            table = Scopes.keep(scores.narrow(0, 0, 0));
            promptHidden = zeros(count, config.hiddenSize());
            mask = mask(promptIds);
        }
        try {
            // Rotations that depend on how long a text may become are not decoded here.
            Prefill.run(decoder, promptIds, this::store, promptHidden, 0);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Whole cache lines to each dimension of a key. */
    private static int wholeBlocks(int tokens) {
        return (tokens + BLOCK - 1) / BLOCK * BLOCK;
    }

    private static Tensor zeros(long... shape) {
        return Scopes.keep(zeroed(shape));
    }

    /** Whatever there was in memory, in the caller's scope. */
    private static Tensor untouched(long... shape) {
        return torch.empty(shape, Device.CPU.options(ScalarType.Float), new MemoryFormatOptional());
    }

    /** Zeros, in the caller's scope. */
    private static Tensor zeroed(long... shape) {
        return torch.zeros(shape, Device.CPU.options(ScalarType.Float));
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
        long tokens = k.size(1);
        long half = config.headDim() / 2;
        prompts.get(layer)
                .keys
                .select(0, prompt)
                .narrow(1, 0, tokens)
                .unflatten(2, half, 2)
                .copy_(k.unflatten(2, 2, half).transpose(2, 3));
        prompts.get(layer).values.select(0, prompt).narrow(1, 0, tokens).copy_(v);
    }

    /**
     * The hidden state after each prompt's last token, float32 [prompts, D], of all prompts that there were at first.
     */
    Tensor promptHidden() {
        return promptHidden;
    }

    int prompts() {
        return grid.prompts();
    }

    int samples() {
        return grid.samples();
    }

    /**
     * The next token of every row; views belong to the caller's scope.
     *
     * @param angles the rotation at its position, complex [P, R, 1, headDim / 2]
     * @throws IllegalStateException when there is no room for it
     */
    Step next(Tensor angles) {
        if (used == limit) {
            throw new IllegalStateException("a cache of " + limit + " tokens is full");
        }
        if (used == slots) {
            slots = Math.min(limit, used + BLOCK);
            if (slots > capacity) {
                grow();
            }
            prepare();
        }
        return new Step(angles);
    }

    /** The products for the current grid and slots. */
    private void prepare() {
        products.forEach(Products::close);
        products.clear();
        try (PointerScope scope = new PointerScope()) {
            long queries = (long) grid.prompts() * config.heads() * grid.samples();
            Scopes.release(table);
            table = Scopes.keep(scores.narrow(0, 0, queries * width()).view(queries, width()));
            // A weight of zero still meets a value, which must be finite; scores of untouched keys are masked.
            rows.forEach(all -> all.valuesByToken.narrow(3, used, slots - used).zero_());
        }
        for (int l = 0; l < rows.size(); l++) {
            products.add(products(prompts.get(l), rows.get(l).stored));
        }
    }

    private int width() {
        return promptSlots + slots;
    }

    private void grow() {
        capacity = Math.min(wholeBlocks(limit), 2 * capacity);
        try (Scopes.Frozen scope = Scopes.frozen()) {
            rows.replaceAll(all -> all.map(keys -> grown(keys, 4), values -> grown(values, 3)));
        }
    }

    /** @param tokens the dimension that grows */
    private Tensor grown(Tensor buffer, int tokens) {
        long[] shape = buffer.sizes().vec().get();
        shape[tokens] = capacity;
        Tensor larger = untouched(shape);
        larger.narrow(tokens, 0, used).copy_(buffer.narrow(tokens, 0, used));
        return larger;
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
        int samples = grid.samples();
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor promptIndex = index(IntStream.of(kept));
            Tensor rowIndex = index(IntStream.range(0, kept.length).flatMap(p -> IntStream.range(0, kv)
                    .flatMap(h -> IntStream.of(cells[p]).map(r -> (kept[p] * kv + h) * samples + r))));
            prompts.replaceAll(all -> {
                Stored those =
                        Stored.of(all.keys.index_select(0, promptIndex), all.values.index_select(0, promptIndex));
                all.release();
                return those;
            });
            UnaryOperator<Tensor> chosen =
                    buffer -> buffer.flatten(0, 2).index_select(0, rowIndex).unflatten(0, kept.length, kv, fewer);
            rows.replaceAll(all -> all.map(chosen, chosen));
            grid.release();
            grid = DecodingGrid.of(kept.length, fewer, config);
            // The next step prepares its products.
            slots = used;
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
        products.forEach(Products::close);
        prompts.forEach(Stored::release);
        rows.forEach(Rows::release);
        grid.release();
        mask.ifPresent(Scopes::release);
        List.of(table, scores, promptHidden).forEach(Scopes::release);
    }
}

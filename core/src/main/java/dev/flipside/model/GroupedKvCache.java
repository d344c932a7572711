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
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Keys and values of groups that continue a prompt, the prompt's stored once for its whole group.
 *
 * <p>Rows form a grid of P prompts by R samples. Per layer: prompts [P, KV, Sp, headDim], padded on the right and masked there, and completions
 * [P, KV, R, capacity, headDim]. Query heads that share a key head are rows of one product. Lives outside every scope until {@link #close}.
 */
final class GroupedKvCache implements AutoCloseable {
    private final DecoderConfig config;
    private final int promptSlots;
    private final int capacity;
    private final List<Tensor> promptKeys = new ArrayList<>();
    private final List<Tensor> promptValues = new ArrayList<>();
    private final List<Tensor> keys = new ArrayList<>();
    private final List<Tensor> values = new ArrayList<>();
    private final Tensor queries;
    private final Tensor mixed;
    private final Tensor scores;
    private final Tensor promptHidden;
    /** Minus infinity behind the end of each shorter prompt, [P, 1, Sp]. */
    private final Optional<Tensor> mask;

    private int prompts;
    private int samples;
    private int used;

    /** Computes the prompts. */
    GroupedKvCache(Decoder decoder, List<int[]> promptIds, int samples, int capacity) {
        this.config = decoder.config();
        this.prompts = promptIds.size();
        this.samples = samples;
        this.capacity = Math.max(1, capacity);
        promptSlots = promptIds.stream().mapToInt(p -> p.length).max().orElseThrow();
        long kv = config.kvHeads();
        long dim = config.headDim();
        long group = config.heads() / kv;
        try (PointerScope scope = new PointerScope()) {
            for (int l = 0; l < config.layers(); l++) {
                // Zeros: padding still meets a product with its value.
                promptKeys.add(zeros(prompts, kv, promptSlots, dim));
                promptValues.add(zeros(prompts, kv, promptSlots, dim));
                keys.add(zeros(prompts, kv, samples, this.capacity, dim));
                values.add(zeros(prompts, kv, samples, this.capacity, dim));
            }
            queries = zeros(prompts, kv, samples, group, dim);
            mixed = zeros(prompts, kv, samples, group, dim);
            scores = zeros(prompts * kv * samples * group * (promptSlots + this.capacity));
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

    private Optional<Tensor> mask(List<int[]> promptIds) {
        if (promptIds.stream().allMatch(p -> p.length == promptSlots)) {
            return Optional.empty();
        }
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
        promptKeys.get(layer).select(0, prompt).narrow(1, 0, k.size(0)).copy_(k.transpose(0, 1));
        promptValues.get(layer).select(0, prompt).narrow(1, 0, v.size(0)).copy_(v.transpose(0, 1));
    }

    /** The hidden state after each prompt's last token, float32 [prompts, D], of all prompts that there were at first. */
    Tensor promptHidden() {
        return promptHidden;
    }

    int prompts() {
        return prompts;
    }

    int samples() {
        return samples;
    }

    /** The length of the longest prompt. */
    int promptSlots() {
        return promptSlots;
    }

    /** Tokens of every completion so far. */
    int used() {
        return used;
    }

    /**
     * Stores one token of every row in a layer and attends to all that its row holds. The scope of the caller gets the views made here.
     *
     * @param q rotated queries, k rotated keys, v values: [P * R, heads, headDim]
     * @param into float32 [P * R, H * headDim], contiguous
     */
    void attend(int layer, Tensor q, Tensor k, Tensor v, Tensor into) {
        int kv = config.kvHeads();
        int dim = config.headDim();
        int group = config.heads() / kv;
        int seen = used + 1;
        if (seen > capacity) {
            throw new IllegalStateException("a cache of " + capacity + " tokens is full");
        }
        slot(keys.get(layer)).copy_(byHead(k));
        slot(values.get(layer)).copy_(byHead(v));
        grid(queries, group).copy_(q.view(prompts, samples, kv, group, dim).permute(0, 2, 1, 3, 4));

        int width = promptSlots + seen;
        int promptRows = samples * group;
        Memory memory = Memory.of(queries);
        Matrices ofPrompt = memory.matrices(dim, promptRows * dim);
        Matrices ofRow = memory.matrices(dim, group * dim);
        Matrices promptScores = Memory.of(scores).matrices(width, promptRows * width);
        Matrices rowScores = Memory.of(scores).from(promptSlots).matrices(width, group * width);
        Matrices promptKey = Memory.of(promptKeys.get(layer)).matrices(dim, promptSlots * dim);
        Matrices rowKey = Memory.of(keys.get(layer)).matrices(dim, capacity * dim);
        float scale = (float) (1 / Math.sqrt(dim));
        int heads = prompts * kv;
        BatchedProducts.multiply(
                heads, promptRows, promptSlots, dim, scale, ofPrompt, promptKey, true, 0, promptScores);
        BatchedProducts.multiply(heads * samples, group, seen, dim, scale, ofRow, rowKey, true, 0, rowScores);

        Tensor table = scores.narrow(0, 0, (long) heads * promptRows * width).view(-1, width);
        mask.ifPresent(m -> table.view(prompts, (long) kv * promptRows, width)
                .narrow(2, 0, promptSlots)
                .add_(m.narrow(0, 0, prompts)));
        torch.softmax_out(table, table, 1);

        Memory out = Memory.of(mixed);
        BatchedProducts.multiply(
                heads,
                promptRows,
                dim,
                promptSlots,
                1,
                promptScores,
                Memory.of(promptValues.get(layer)).matrices(dim, promptSlots * dim),
                false,
                0,
                out.matrices(dim, promptRows * dim));
        BatchedProducts.multiply(
                heads * samples,
                group,
                dim,
                seen,
                1,
                rowScores,
                Memory.of(values.get(layer)).matrices(dim, capacity * dim),
                false,
                1,
                out.matrices(dim, group * dim));
        into.view(prompts, samples, kv, group, dim).copy_(grid(mixed, group).permute(0, 2, 1, 3, 4));
    }

    /** Where the newest token goes, [P, KV, R, headDim]. */
    private Tensor slot(Tensor buffer) {
        return grid(buffer, capacity).select(3, used);
    }

    /** The grid's part of a buffer that begins with it, [P, KV, R, rows, headDim]. */
    private Tensor grid(Tensor buffer, long rows) {
        long dim = config.headDim();
        return buffer.view(-1)
                .narrow(0, 0, (long) prompts * config.kvHeads() * samples * rows * dim)
                .view(prompts, config.kvHeads(), samples, rows, dim);
    }

    private Tensor byHead(Tensor x) {
        return x.view(prompts, samples, config.kvHeads(), config.headDim()).transpose(1, 2);
    }

    /** To be called when a token went through all layers. */
    void advance() {
        used++;
    }

    /**
     * Makes the grid smaller.
     *
     * @param kept the prompts that stay, ascending
     * @param cells the sample that moves to each place, {@code [kept prompt][new sample]}; all equally many
     */
    void keep(int[] kept, int[][] cells) {
        int fewer = cells[0].length;
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor promptIndex = index(IntStream.of(kept));
            int kv = config.kvHeads();
            Tensor rowIndex = index(IntStream.range(0, kept.length).flatMap(p -> IntStream.range(0, kv)
                    .flatMap(h -> IntStream.of(cells[p]).map(r -> (kept[p] * kv + h) * samples + r))));
            int promptPart = kv * promptSlots * config.headDim();
            int rowPart = capacity * config.headDim();
            for (int l = 0; l < config.layers(); l++) {
                compact(promptKeys.get(l), promptPart, promptIndex);
                compact(promptValues.get(l), promptPart, promptIndex);
                compact(keys.get(l), rowPart, rowIndex);
                compact(values.get(l), rowPart, rowIndex);
            }
            mask.ifPresent(m -> compact(m, promptSlots, promptIndex));
        }
        prompts = kept.length;
        samples = fewer;
    }

    private static Tensor index(IntStream numbers) {
        long[] longs = numbers.asLongStream().toArray();
        return Tensors.ofLongs(longs, Device.CPU, longs.length);
    }

    /** Moves the chosen ones of a buffer's parts of equal size to its beginning. */
    private static void compact(Tensor buffer, long part, Tensor index) {
        try (PointerScope scope = new PointerScope()) {
            Tensor chosen = buffer.view(-1, part).index_select(0, index);
            buffer.view(-1, part).narrow(0, 0, index.numel()).copy_(chosen);
        }
    }

    @Override
    public void close() {
        for (List<Tensor> buffers : List.of(promptKeys, promptValues, keys, values)) {
            buffers.forEach(Scopes::release);
        }
        mask.ifPresent(Scopes::release);
        List.of(queries, mixed, scores, promptHidden).forEach(Scopes::release);
    }
}

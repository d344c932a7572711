package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.DecoderConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Keys and values of the tokens so far, for rows that grow by one token at a time.
 *
 * <p>Per layer two buffers [rows, KV, slots, headDim], written in place. Prompts end at the same slot, so that all rows
 * write the next token to the same slot; the empty slots before a shorter prompt are masked, and each row counts its
 * own positions. Lives outside every scope until {@link #close}.
 */
public final class KvCache implements AutoCloseable, Attention {
    private final Decoder decoder;
    private final DecoderConfig config;
    private final ScaledDotProducts products;
    private final List<Tensor> keys = new ArrayList<>();
    private final List<Tensor> values = new ArrayList<>();
    private final Tensor promptHidden;
    private final Tensor positions;
    private final Optional<Tensor> mask;
    private final Optional<Tensor> beyondOriginalContext;
    private final int[] firstRow;
    private final int[] copies;
    private final int promptSlots;
    private final int capacity;
    private int rows;
    private int used;

    KvCache(Decoder decoder, List<int[]> prompts, int[] copies, int maxNewTokens) {
        if (prompts.size() != copies.length || prompts.stream().anyMatch(p -> p.length == 0)) {
            throw new IllegalArgumentException("one count per prompt, and at least one token in each");
        }
        this.decoder = decoder;
        this.config = decoder.config();
        products = ScaledDotProducts.of(config);
        this.copies = copies.clone();
        firstRow = new int[copies.length];
        for (int p = 0; p < copies.length; p++) {
            firstRow[p] = rows;
            rows += copies[p];
        }
        promptSlots = prompts.stream().mapToInt(p -> p.length).max().orElse(0);
        capacity = promptSlots + maxNewTokens;
        used = promptSlots;
        int[] lengths = IntStream.range(0, prompts.size())
                .flatMap(p -> IntStream.generate(() -> prompts.get(p).length).limit(copies[p]))
                .toArray();
        Device device = decoder.device();
        ScalarType type = decoder.precision() == Precision.BFLOAT16 ? ScalarType.BFloat16 : ScalarType.Float;
        try (PointerScope scope = new PointerScope()) {
            long[] shape = {rows, config.kvHeads(), capacity, config.headDim()};
            for (int l = 0; l < config.layers(); l++) {
                // Zeros, because a masked slot still meets a product with its value.
                keys.add(Scopes.keep(torch.zeros(shape, device.options(type))));
                values.add(Scopes.keep(torch.zeros(shape, device.options(type))));
            }
            promptHidden = Scopes.keep(
                    torch.zeros(new long[] {prompts.size(), config.hiddenSize()}, device.options(ScalarType.Float)));
            positions = Scopes.keep(
                    Tensors.ofLongs(IntStream.of(lengths).asLongStream().toArray(), device, rows));
            // In the type of what it masks, so that no layer converts it.
            mask = mask(lengths, device).map(m -> Scopes.keep(m.to(type)));
            int[] contexts = IntStream.of(lengths).map(n -> n + maxNewTokens).toArray();
            beyondOriginalContext =
                    RotaryTables.beyond(config, contexts, device).map(Scopes::keep);
        }
    }

    /** Minus infinity at the empty slots before each prompt, [rows, 1, 1, slots]; nothing when there are none. */
    private Optional<Tensor> mask(int[] lengths, Device device) {
        if (IntStream.of(lengths).allMatch(n -> n == promptSlots)) {
            return Optional.empty();
        }
        float[] additive = new float[Math.multiplyExact(rows, capacity)];
        for (int r = 0; r < rows; r++) {
            Arrays.fill(additive, r * capacity, r * capacity + promptSlots - lengths[r], Float.NEGATIVE_INFINITY);
        }
        return Optional.of(Tensors.ofFloats(additive, device, rows, 1, 1, capacity));
    }

    /** Runs the prompts and stores what they leave. */
    void prefill(List<int[]> prompts) {
        Prefill.run(
                decoder,
                prompts,
                (layer, prompt, k, v) -> {
                    store(keys.get(layer), k, prompt);
                    store(values.get(layer), v, prompt);
                },
                promptHidden,
                capacity - promptSlots);
    }

    /** Copies one prompt's [T, KV, headDim] to the slots that end where all prompts end, in each of its rows. */
    private void store(Tensor buffer, Tensor part, int prompt) {
        long length = part.size(1);
        buffer.narrow(0, firstRow[prompt], copies[prompt])
                .narrow(2, promptSlots - length, length)
                .copy_(part.unsqueeze(0));
    }

    /** The hidden state after each prompt's last token, float32 [prompts, D]; the first tokens are sampled from it. */
    public Tensor promptHidden() {
        return promptHidden;
    }

    /** The number of rows still growing. */
    int rows() {
        return rows;
    }

    /** The slot that the next token goes to. */
    int nextSlot() {
        return used;
    }

    /** See {@link RotaryTables#beyond}. */
    Optional<Tensor> beyondOriginalContext() {
        return beyondOriginalContext.map(b -> b.narrow(0, 0, rows));
    }

    /** The position of the next token in each row, int64 [rows]. */
    Tensor positions() {
        return positions.narrow(0, 0, rows);
    }

    KvCache begin(long tokens) {
        if (used == capacity || tokens != rows) {
            throw new IllegalStateException(
                    tokens + " tokens for " + rows + " rows at slot " + used + " of " + capacity);
        }
        return this;
    }

    /**
     * Stores one token's keys and values and attends to all that its row holds. Query heads that share a key head are
     * rows of one product.
     */
    @Override
    public Tensor apply(int layer, Tensor q, Tensor k, Tensor v) {
        Tensor layerKeys = keys.get(layer).narrow(0, 0, rows);
        Tensor layerValues = values.get(layer).narrow(0, 0, rows);
        layerKeys.narrow(2, used, 1).copy_(k.transpose(1, 2));
        layerValues.narrow(2, used, 1).copy_(v.transpose(1, 2));
        int seen = Math.min(used + 1, config.window(layer).orElse(Integer.MAX_VALUE));
        int from = used + 1 - seen;
        long group = config.heads() / config.kvHeads();
        Tensor out = products.apply(
                q.reshape(rows, config.kvHeads(), group, config.headDim()),
                layerKeys.narrow(2, from, seen),
                layerValues.narrow(2, from, seen),
                mask.map(m -> new TensorOptional(m.narrow(0, 0, rows).narrow(3, from, seen)))
                        .orElse(Tensors.NONE),
                false,
                false);
        return out.reshape(rows, 1, -1);
    }

    void advance() {
        positions.add_(new Scalar(1L));
        used++;
    }

    /**
     * Drops finished rows.
     *
     * @param kept the rows that go on, ascending; they are renumbered 0, 1, 2, ...
     */
    public void keepRows(int[] kept) {
        for (int i = 0; i < kept.length; i++) {
            if (kept[i] >= rows || kept[i] < 0 || (i > 0 && kept[i] <= kept[i - 1])) {
                throw new IllegalArgumentException("rows must ascend within 0.." + (rows - 1));
            }
        }
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor index = Tensors.ofLongs(IntStream.of(kept).asLongStream().toArray(), decoder.device(), kept.length);
            for (int l = 0; l < config.layers(); l++) {
                compact(keys.get(l).narrow(2, 0, used), index);
                compact(values.get(l).narrow(2, 0, used), index);
            }
            compact(positions, index);
            mask.ifPresent(m -> compact(m, index));
            beyondOriginalContext.ifPresent(b -> compact(b, index));
        }
        rows = kept.length;
    }

    private static void compact(Tensor buffer, Tensor index) {
        try (PointerScope scope = new PointerScope()) {
            buffer.narrow(0, 0, index.numel()).copy_(buffer.index_select(0, index));
        }
    }

    @Override
    public void close() {
        keys.forEach(Scopes::release);
        values.forEach(Scopes::release);
        mask.ifPresent(Scopes::release);
        beyondOriginalContext.ifPresent(Scopes::release);
        Scopes.release(promptHidden);
        Scopes.release(positions);
    }
}

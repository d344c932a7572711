package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Epilogue;
import dev.flipside.engine.MatrixProduct;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.DecoderConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Decoding of groups on the CPU in as few calls as a step can have: packed weights, buffers and views made once,
 * attention over many small matrices in four products a layer, and a prompt's keys read once for its whole group.
 *
 * <p>Computes what {@link Decoder#step} over a {@link KvCache} computes, in another order of rounding; a test holds the
 * two together. Rows are dense for the caller; inside they are cells of a grid of prompts by samples, some of which may
 * be idle. Lives outside every scope until {@link #close}.
 */
public final class GroupDecoding implements AutoCloseable {
    /**
     * The grid is made smaller when this share of its cells or less is busy: copying the cache costs about as much as a
     * step.
     */
    private static final double BUSY = 0.75;

    private static final long[] COLUMNS = {1};
    private static final Scalar TWO = Scopes.keep(new Scalar(2.0));
    private static final ScalarTypeOptional SAME_TYPE = Scopes.keep(new ScalarTypeOptional());

    private final DecoderConfig config;
    private final DecodingWeights weights;
    private final GroupedKvCache cache;
    private Tensor positions;
    /** The rotation at every position, complex [positions, headDim / 2]. */
    private final Tensor rotations;

    private Buffers buffers;
    private final List<Products> products = new ArrayList<>();
    private MatrixProduct head;
    /** The cell of each row: its prompt's place in the grid times samples plus its sample's. */
    private int[] cells;

    /**
     * What a step works in, for N cells, and views of it.
     *
     * @param extended the residual stream [N, D] and a column of sqrt(D eps), so that its rows' 2-norms are
     *     sqrt(sum(x^2) + D eps)
     * @param x the residual stream alone
     * @param norms [N, 1]
     * @param normed [N, D]
     * @param qkv [N, (H + 2 KV) headDim]
     * @param qk its queries and keys [N, H + KV, headDim]
     * @param q queries [P, R, KV, G, headDim / 2] complex
     * @param k keys [P, R, KV, headDim / 2] complex
     * @param v values [P, R, KV, headDim]
     * @param attended [N, H * headDim]
     * @param attendedByHead the same as [P, R, KV, G, headDim]
     * @param gate [N, F], of its own, because a product may write partial sums where it ends before its epilogue reads
     *     the factor
     * @param gated [N, F]
     * @param logits [N, V]
     */
    private record Buffers(
            Tensor extended,
            Tensor x,
            Tensor norms,
            Tensor normed,
            Tensor qkv,
            Tensor qk,
            Tensor q,
            Tensor k,
            Tensor v,
            Tensor attended,
            Tensor attendedByHead,
            Tensor gate,
            Tensor gated,
            Tensor logits) {
        static Buffers of(int prompts, int samples, DecoderConfig config) {
            long n = (long) prompts * samples;
            long d = config.hiddenSize();
            long dim = config.headDim();
            long kv = config.kvHeads();
            long group = config.heads() / kv;
            long rotated = config.heads() + kv;
            try (Scopes.Frozen scope = Scopes.frozen()) {
                Tensor extended = zeros(n, d + 1);
                extended.narrow(1, d, 1).fill_(Tensors.scalar(Math.sqrt(d * config.normEps())));
                Tensor qkv = zeros(n, config.fusedHeads() * dim);
                Tensor heads = qkv.view(prompts, samples, config.fusedHeads(), dim);
                Tensor complex = DecodingGrid.asComplex(heads);
                Tensor attended = zeros(n, config.heads() * dim);
                Buffers buffers = new Buffers(
                        extended,
                        extended.narrow(1, 0, d),
                        zeros(n, 1),
                        zeros(n, d),
                        qkv,
                        heads.narrow(2, 0, rotated).flatten(0, 1),
                        complex.narrow(2, 0, config.heads()).unflatten(2, kv, group),
                        complex.narrow(2, config.heads(), kv),
                        heads.narrow(2, rotated, kv),
                        attended,
                        attended.view(prompts, samples, kv, group, dim),
                        zeros(n, config.intermediateSize()),
                        zeros(n, config.intermediateSize()),
                        zeros(n, config.vocabSize()));
                buffers.all().forEach(Scopes::keep);
                return buffers;
            }
        }

        private static Tensor zeros(long... shape) {
            return torch.zeros(shape, Device.CPU.options(ScalarType.Float));
        }

        private List<Tensor> all() {
            return List.of(x, qk, q, k, v, attendedByHead, extended, norms, normed, qkv, attended, gate, gated, logits);
        }

        void release() {
            all().forEach(Scopes::release);
        }
    }

    /** The products of one block between the buffers; the residual is added by those that end in it. */
    private record Products(
            MatrixProduct qkv, MatrixProduct output, MatrixProduct gate, MatrixProduct up, MatrixProduct down) {
        static Products of(DecodingWeights.Layer layer, Buffers b) {
            return new Products(
                    layer.qkv().product(b.normed, b.qkv, Epilogue.NONE),
                    layer.output().product(b.attended, b.x, Epilogue.ACCUMULATE),
                    layer.gate().product(b.normed, b.gate, Epilogue.SWISH),
                    layer.up().product(b.normed, b.gated, Epilogue.times(b.gate)),
                    layer.down().product(b.gated, b.x, Epilogue.ACCUMULATE));
        }

        void close() {
            List.of(qkv, output, gate, up, down).forEach(MatrixProduct::close);
        }
    }

    /**
     * Computes the prompts.
     *
     * @param weights which must outlive this
     * @param prompts token ids, at least one each
     * @param samples rows per prompt; rows are ordered by prompt
     * @param steps how often {@link #step} may be called
     */
    public GroupDecoding(DecodingWeights weights, List<int[]> prompts, int samples, int steps) {
        Decoder decoder = weights.decoder();
        Batches.requireFitting(prompts, decoder.config());
        this.weights = weights;
        config = decoder.config();
        cache = new GroupedKvCache(decoder, prompts, samples, steps);
        cells = IntStream.range(0, prompts.size() * samples).toArray();
        buffers = Buffers.of(prompts.size(), samples, config);
        head = prepare();
        try (Scopes.Frozen scope = Scopes.frozen()) {
            int longest = prompts.stream().mapToInt(p -> p.length).max().orElseThrow();
            rotations = Scopes.keep(decoder.rotary()
                    .upTo(longest + steps + 1L)
                    .uniform()
                    .asComplex()
                    .squeeze(1));
            long[] next = IntStream.of(cells)
                    .mapToLong(c -> prompts.get(c / samples).length)
                    .toArray();
            positions = Scopes.keep(Tensors.ofLongs(next, Device.CPU, next.length));
        }
    }

    /** The products between the current buffers; returns the one of the head. */
    private MatrixProduct prepare() {
        weights.layers().forEach(layer -> products.add(Products.of(layer, buffers)));
        return weights.head().product(buffers.normed, buffers.logits, Epilogue.NONE);
    }

    private void release() {
        products.forEach(Products::close);
        products.clear();
        head.close();
        buffers.release();
    }

    /** The hidden state after each prompt's last token, float32 [prompts, D]; the first tokens are sampled from it. */
    public Tensor promptHidden() {
        return cache.promptHidden();
    }

    /**
     * One more token for each row.
     *
     * @param tokens one per row
     * @return the scores after them, float32 [rows, V]; belongs to the caller's scope and is overwritten by the next
     *     step
     */
    public Tensor step(int[] tokens) {
        if (tokens.length != cells.length) {
            throw new IllegalArgumentException(tokens.length + " tokens for " + cells.length + " rows");
        }
        return Scopes.scoped(() -> {
            try (NoGradGuard guard = new NoGradGuard()) {
                return scores(tokens);
            }
        });
    }

    private Tensor scores(int[] tokens) {
        int grid = cache.prompts() * cache.samples();
        long[] ids = new long[grid];
        for (int r = 0; r < tokens.length; r++) {
            ids[cells[r]] = tokens[r];
        }
        buffers.x.copy_(weights.embedding().index_select(0, Tensors.ofLongs(ids, Device.CPU, grid)));
        Tensor angles =
                rotations.index_select(0, positions).view(cache.prompts(), cache.samples(), 1, config.headDim() / 2L);
        GroupedKvCache.Step step = cache.next(angles);
        for (int l = 0; l < weights.layers().size(); l++) {
            try (PointerScope inner = new PointerScope()) {
                block(l, step);
            }
        }
        step.done();
        positions.add_(new Scalar(1L));
        norm(weights.finalNorm());
        head.run();
        // Without idle cells the buffer itself holds the rows in their order.
        return cells.length == grid ? buffers.logits.narrow(0, 0, grid) : buffers.logits.index_select(0, index(cells));
    }

    private void block(int number, GroupedKvCache.Step step) {
        Products product = products.get(number);
        DecodingWeights.Layer layer = weights.layers().get(number);
        norm(layer.attentionNorm());
        product.qkv.run();
        if (weights.scalesQueries()) {
            buffers.q.mul_(weights.scale());
        }
        layer.headScales().ifPresent(scales -> buffers.qk.copy_(DecoderLayer.headNorm(buffers.qk, scales, config)));
        buffers.attendedByHead.copy_(step.attend(number, buffers.q, buffers.k, buffers.v));
        product.output.run();
        norm(layer.mlpNorm());
        product.gate.run();
        product.up.run();
        product.down.run();
    }

    /**
     * x / sqrt(sum(x^2) + D eps) into {@code normed}.
     *
     * @param factor the rest of the norm, where {@link DecodingWeights} do not hold it in a product
     */
    private void norm(Optional<Tensor> factor) {
        torch.linalg_vector_norm_out(buffers.norms, buffers.extended, TWO, COLUMNS, true, SAME_TYPE);
        torch.div_out(buffers.normed, buffers.x, buffers.norms);
        factor.ifPresent(buffers.normed::mul_);
    }

    /**
     * Drops finished rows.
     *
     * @param kept the rows that go on, ascending; they are renumbered 0, 1, 2, ...
     */
    public void keepRows(int[] kept) {
        cells = IntStream.of(kept).map(r -> cells[r]).toArray();
        int samples = cache.samples();
        int[][] live = new int[cache.prompts()][];
        for (int p = 0; p < live.length; p++) {
            int prompt = p;
            live[p] = IntStream.of(cells)
                    .filter(c -> c / samples == prompt)
                    .map(c -> c % samples)
                    .toArray();
        }
        int[] prompts =
                IntStream.range(0, live.length).filter(p -> live[p].length > 0).toArray();
        int fewer = IntStream.of(prompts).map(p -> live[p].length).max().orElse(0);
        if (fewer > 0 && prompts.length * fewer <= BUSY * cache.prompts() * samples) {
            compact(prompts, live, fewer);
        }
    }

    private void compact(int[] prompts, int[][] live, int fewer) {
        int[][] chosen = new int[prompts.length][fewer];
        int[] moved = new int[cells.length];
        int[] oldCells = new int[prompts.length * fewer];
        int row = 0;
        for (int p = 0; p < prompts.length; p++) {
            int[] samples = live[prompts[p]];
            for (int s = 0; s < fewer; s++) {
                // Idle cells repeat a row that lives: whatever they compute, nobody reads it.
                chosen[p][s] = samples[Math.min(s, samples.length - 1)];
                oldCells[p * fewer + s] = prompts[p] * cache.samples() + chosen[p][s];
                if (s < samples.length) {
                    moved[row++] = p * fewer + s;
                }
            }
        }
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor all = positions;
            positions = Scopes.keep(all.index_select(0, index(oldCells)));
            Scopes.release(all);
        }
        cache.keep(prompts, chosen);
        release();
        buffers = Buffers.of(prompts.length, fewer, config);
        head = prepare();
        cells = moved;
    }

    private static Tensor index(int[] numbers) {
        return Tensors.ofLongs(IntStream.of(numbers).asLongStream().toArray(), Device.CPU, numbers.length);
    }

    @Override
    public void close() {
        cache.close();
        release();
        List.of(positions, rotations).forEach(Scopes::release);
    }
}

package dev.flipside.model;

import dev.flipside.engine.BatchedProducts;
import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Decoding of groups on the CPU without a new tensor per operation: every result goes into a buffer that was made once, attention over many small matrices is a
 * few calls of MKL, and a prompt's keys are read once for its whole group.
 *
 * <p>Computes what {@link Decoder#step} over a {@link KvCache} computes, in another order of rounding; a test holds the two together. Rows are dense for the
 * caller; inside they are cells of a grid of prompts by samples, some of which may be idle. Lives outside every scope until {@link #close}.
 */
public final class GroupDecoding implements AutoCloseable {
    /** The grid is made smaller when this share of its cells or less is busy: copying the cache costs about as much as a step. */
    private static final double BUSY = 0.75;

    private static final Scalar ONE = Scopes.keep(new Scalar(1.0));

    private final Decoder decoder;
    private final DecoderConfig config;
    private final GroupedKvCache cache;
    private final List<Layer> layers = new ArrayList<>();
    private final Tensor embedding;
    private final Tensor head;
    private final Tensor finalNorm;
    private final Buffers all;
    private final Tensor positions;
    private Buffers buffers;
    /** The cell of each row: its prompt's place in the grid times samples plus its sample's. */
    private int[] cells;

    /** The weights of one block, transposed where products want them so; views of the model's own memory. */
    private record Layer(
            Tensor attentionNorm,
            Tensor qkv,
            Optional<Tensor> qkvBias,
            Optional<Tensor> headScales,
            Tensor output,
            Optional<Tensor> outputBias,
            Tensor mlpNorm,
            Tensor gateUp,
            Optional<Tensor> gateUpBias,
            Tensor down,
            Optional<Tensor> downBias) {}

    /** Results of one step for N cells: [N, ...] each, float32. */
    private record Buffers(
            Tensor x,
            Tensor normed,
            Tensor qkv,
            Tensor rotated,
            Tensor attended,
            Tensor gateUp,
            Tensor gated,
            Tensor logits,
            Tensor squares) {
        Buffers first(long n) {
            return new Buffers(
                    part(x, n),
                    part(normed, n),
                    part(qkv, n),
                    part(rotated, n),
                    part(attended, n),
                    part(gateUp, n),
                    part(gated, n),
                    part(logits, n),
                    part(squares, n));
        }

        private static Tensor part(Tensor buffer, long n) {
            return Scopes.keep(buffer.narrow(0, 0, n));
        }

        void release() {
            List.of(x, normed, qkv, rotated, attended, gateUp, gated, logits, squares)
                    .forEach(Scopes::release);
        }
    }

    /** Whether this model can be decoded here: on the CPU with MKL, in float32, without a sliding window. */
    public static boolean supports(Decoder decoder) {
        return decoder.device().isCpu()
                && decoder.precision() == Precision.FLOAT32
                && decoder.config().slidingWindow().isEmpty()
                && BatchedProducts.available();
    }

    /**
     * Computes the prompts.
     *
     * @param prompts token ids, at least one each
     * @param samples rows per prompt; rows are ordered by prompt
     * @param steps how often {@link #step} may be called
     */
    public GroupDecoding(Decoder decoder, List<int[]> prompts, int samples, int steps) {
        Batches.requireInVocabulary(prompts, decoder.config().vocabSize());
        this.decoder = decoder;
        config = decoder.config();
        cache = new GroupedKvCache(decoder, prompts, samples, steps);
        cells = IntStream.range(0, prompts.size() * samples).toArray();
        try (Scopes.Frozen scope = Scopes.frozen()) {
            embedding = view(WeightLayout.EMBEDDING);
            head = transposed(decoder.headName());
            finalNorm = view(WeightLayout.FINAL_NORM);
            for (int l = 0; l < config.layers(); l++) {
                layers.add(layer(l));
            }
            all = buffers(cells.length);
            buffers = all.first(cells.length);
            long[] next = IntStream.of(cells)
                    .mapToLong(c -> prompts.get(c / samples).length)
                    .toArray();
            positions = Scopes.keep(Tensors.ofLongs(next, Device.CPU, next.length));
        }
    }

    private Layer layer(int l) {
        return new Layer(
                view(WeightLayout.layer(l, "input_layernorm.weight")),
                transposed(WeightLayout.layer(l, "self_attn.qkv_proj.weight")),
                bias(l, "self_attn.qkv_proj", config.biases().qkv()),
                config.headNorms()
                        ? Optional.of(Scopes.keep(DecoderLayer.headScales(config, decoder.weights(), l)))
                        : Optional.empty(),
                transposed(WeightLayout.layer(l, "self_attn.o_proj.weight")),
                bias(l, "self_attn.o_proj", config.biases().output()),
                view(WeightLayout.layer(l, "post_attention_layernorm.weight")),
                transposed(WeightLayout.layer(l, "mlp.gate_up_proj.weight")),
                bias(l, "mlp.gate_up_proj", config.biases().mlp()),
                transposed(WeightLayout.layer(l, "mlp.down_proj.weight")),
                bias(l, "mlp.down_proj", config.biases().mlp()));
    }

    private Tensor view(String name) {
        return Scopes.keep(decoder.weights().get(name).detach());
    }

    private Tensor transposed(String name) {
        return Scopes.keep(decoder.weights().get(name).detach().t());
    }

    private Optional<Tensor> bias(int l, String name, boolean present) {
        return present ? Optional.of(view(WeightLayout.layer(l, name + ".bias"))) : Optional.empty();
    }

    private Buffers buffers(long n) {
        long dim = config.headDim();
        long attention = config.heads() * dim;
        long rotated = config.heads() + config.kvHeads();
        return new Buffers(
                made(n, config.hiddenSize()),
                made(n, config.hiddenSize()),
                made(n, config.fusedHeads() * dim),
                made(n, rotated, dim),
                made(n, attention),
                made(n, 2L * config.intermediateSize()),
                made(n, config.intermediateSize()),
                made(n, config.vocabSize()),
                made(n, 1));
    }

    private static Tensor made(long... shape) {
        return Scopes.keep(torch.zeros(shape, Device.CPU.options(ScalarType.Float)));
    }

    /** The hidden state after each prompt's last token, float32 [prompts, D]; the first tokens are sampled from it. */
    public Tensor promptHidden() {
        return cache.promptHidden();
    }

    /**
     * One more token for each row.
     *
     * @param tokens one per row
     * @return the scores after them, float32 [rows, V]; belongs to the caller's scope and is overwritten by the next step
     */
    public Tensor step(int[] tokens) {
        if (tokens.length != cells.length) {
            throw new IllegalArgumentException(tokens.length + " tokens for " + cells.length + " rows");
        }
        return Scopes.scoped(() -> {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                int grid = cache.prompts() * cache.samples();
                long[] ids = new long[grid];
                for (int r = 0; r < tokens.length; r++) {
                    ids[cells[r]] = tokens[r];
                }
                torch.index_select_out(buffers.x, embedding, 0, Tensors.ofLongs(ids, Device.CPU, grid));
                Tensor next = positions.narrow(0, 0, grid);
                Rope.Angles angles = decoder.rope().at(next, beyond());
                Rotation rotation = new Rotation(angles, grid);
                for (int l = 0; l < layers.size(); l++) {
                    try (PointerScope inner = new PointerScope()) {
                        block(l, layers.get(l), rotation);
                    }
                }
                norm(finalNorm);
                torch.mm_out(buffers.logits, buffers.normed, head);
                next.add_(new Scalar(1L));
                cache.advance();
            }
            // A view: without idle cells the buffer itself holds the rows in their order.
            boolean dense = cells.length == cache.prompts() * cache.samples();
            return dense ? buffers.logits.narrow(0, 0, cells.length) : buffers.logits.index_select(0, index(cells));
        });
    }

    /** More than the position of any row's next token. */
    private long beyond() {
        return cache.promptSlots() + cache.used() + 1L;
    }

    private void block(int number, Layer layer, Rotation rotation) {
        norm(layer.attentionNorm);
        product(buffers.qkv, buffers.normed, layer.qkv, layer.qkvBias);
        long grid = buffers.x.size(0);
        Tensor heads = buffers.qkv.view(grid, config.fusedHeads(), config.headDim());
        long rotated = config.heads() + config.kvHeads();
        Tensor qk = heads.narrow(1, 0, rotated);
        rotation.rotate(layer.headScales.map(s -> headNorm(qk, s)).orElse(qk), buffers.rotated);
        cache.attend(
                number,
                buffers.rotated.narrow(1, 0, config.heads()),
                buffers.rotated.narrow(1, config.heads(), config.kvHeads()),
                heads.narrow(1, rotated, config.kvHeads()),
                buffers.attended);
        addProduct(buffers.attended, layer.output, layer.outputBias);

        norm(layer.mlpNorm);
        product(buffers.gateUp, buffers.normed, layer.gateUp, layer.gateUpBias);
        long width = config.intermediateSize();
        torch.silu_out(buffers.gated, buffers.gateUp.narrow(1, 0, width));
        buffers.gated.mul_(buffers.gateUp.narrow(1, width, width));
        addProduct(buffers.gated, layer.down, layer.downBias);
    }

    private Tensor headNorm(Tensor qk, Tensor scales) {
        return DecoderLayer.headNorm(qk, scales, config);
    }

    /** x into {@code normed}: root-mean-square norm. The mean of squares is a product of a row with itself. */
    private void norm(Tensor weight) {
        long grid = buffers.x.size(0);
        Tensor row = buffers.x.view(grid, 1, config.hiddenSize());
        Tensor squares = buffers.squares.view(grid, 1, 1);
        squares.fill_(new Scalar(config.rmsNormEps()));
        squares.baddbmm_(row, row.transpose(1, 2), ONE, new Scalar(1.0 / config.hiddenSize()));
        squares.rsqrt_();
        torch.mul_out(buffers.normed, buffers.x, buffers.squares);
        buffers.normed.mul_(weight);
    }

    private static void product(Tensor into, Tensor input, Tensor weight, Optional<Tensor> bias) {
        torch.mm_out(into, input, weight);
        bias.ifPresent(into::add_);
    }

    private void addProduct(Tensor input, Tensor weight, Optional<Tensor> bias) {
        buffers.x.addmm_(input, weight);
        bias.ifPresent(buffers.x::add_);
    }

    /** The rotation of one step, with the halves of its tables at hand. */
    private record Rotation(Tensor cos, Tensor sinFirst, Tensor sinSecond) {
        Rotation(Rope.Angles angles, long rows) {
            this(table(angles.cos(), rows), half(angles.sin(), rows, 0), half(angles.sin(), rows, 1));
        }

        private static Tensor table(Tensor x, long rows) {
            return x.view(rows, 1, -1);
        }

        private static Tensor half(Tensor sin, long rows, long which) {
            Tensor table = table(sin, rows);
            long half = table.size(2) / 2;
            return table.narrow(2, which * half, half);
        }

        /** x [rows, heads, headDim] rotated; the sine table carries its sign. */
        void rotate(Tensor x, Tensor into) {
            long half = x.size(2) / 2;
            torch.mul_out(into, x, cos);
            into.narrow(2, 0, half).addcmul_(x.narrow(2, half, half), sinFirst);
            into.narrow(2, half, half).addcmul_(x.narrow(2, 0, half), sinSecond);
        }
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
            Tensor next = positions.index_select(0, index(oldCells));
            positions.narrow(0, 0, oldCells.length).copy_(next);
            cache.keep(prompts, chosen);
            buffers.release();
            buffers = all.first(oldCells.length);
        }
        cells = moved;
    }

    private static Tensor index(int[] numbers) {
        return Tensors.ofLongs(IntStream.of(numbers).asLongStream().toArray(), Device.CPU, numbers.length);
    }

    @Override
    public void close() {
        cache.close();
        buffers.release();
        all.release();
        for (Layer layer : layers) {
            List.of(layer.attentionNorm, layer.qkv, layer.output, layer.mlpNorm, layer.gateUp, layer.down)
                    .forEach(Scopes::release);
            List.of(layer.qkvBias, layer.headScales, layer.outputBias, layer.gateUpBias, layer.downBias)
                    .forEach(t -> t.ifPresent(Scopes::release));
        }
        List.of(embedding, head, finalNorm, positions).forEach(Scopes::release);
    }
}

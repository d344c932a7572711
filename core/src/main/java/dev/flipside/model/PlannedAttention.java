package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.DecoderConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Attention over a layout of rows by {@link SoftmaxAttention}, for all layers of a pass, where
 * {@link DecoderPlan#attention} holds; elsewhere {@link AutogradAttention} does it.
 *
 * <p>Queries that share a key head are rows of one matrix, ordered by token: [sequences * KV, T * G, headDim].
 * Continuations of a prefix look at its keys, which are neither repeated nor copied, and so collect their gradients by
 * one product. Lives outside every scope until {@link #close}, and must outlive its passes.
 */
final class PlannedAttention implements AutoCloseable {
    private final DecoderConfig config;
    private final int heads;
    private final int kv;
    private final int group;
    private final int dim;
    private final QueryBlocks blocks;
    private final List<Part> parts = new ArrayList<>();

    /**
     * Rows of the layout that are treated alike: {@code groups} x {@code samples} sequences of {@code tokens}.
     *
     * @param first where in [N] they begin
     * @param prefixes where in the first part the sequences begin that they continue; negative for none
     * @param turns of the rotation
     * @param prefixMask minus infinity behind the end of shorter prefixes, [groups * KV, 1, prefix slots]
     */
    private record Part(
            int groups,
            int samples,
            int tokens,
            long first,
            int prefixes,
            HeadTurns turns,
            Optional<Tensor> prefixMask) {
        long rows() {
            return (long) groups * samples * tokens;
        }

        void release() {
            turns.close();
            prefixMask.ifPresent(Scopes::release);
        }
    }

    /**
     * Queries and keys as {@link HeadTurns} leave them, and values, of a part: q [groups, KV, samples, tokens, G,
     * headDim], k and v [groups, KV, samples, tokens, headDim].
     */
    private record Heads(Tensor q, Tensor k, Tensor v) {
        Heads keep() {
            all().forEach(Scopes::keep);
            return this;
        }

        List<Tensor> all() {
            return List.of(q, k, v);
        }
    }

    PlannedAttention(Decoder decoder, RowLayout layout) {
        config = decoder.config();
        heads = config.heads();
        kv = config.kvHeads();
        group = heads / kv;
        dim = config.headDim();
        blocks = new QueryBlocks(group);
        try (Scopes.Frozen scope = Scopes.frozen()) {
            RotaryAngles angles = layout.angles(decoder.rotary()).uniform();
            if (layout instanceof SharedPrefixLayout shared) {
                prefixAndContinuations(shared, angles);
            } else if (layout instanceof PaddedLayout padded) {
                int tokens = RowLayout.longest(padded.rows());
                parts.add(part(padded.rows().length, 1, tokens, 0, -1, angles, Optional.empty()));
            }
            parts.forEach(part -> part.prefixMask.ifPresent(Scopes::keep));
        }
    }

    @Override
    public void close() {
        parts.forEach(Part::release);
    }

    private void prefixAndContinuations(SharedPrefixLayout layout, RotaryAngles angles) {
        int slots = layout.prefixSlots();
        int tokens = layout.continuationSlots();
        int prefixes = layout.prefixes().length;
        parts.add(part(prefixes, 1, slots, 0, -1, angles, Optional.empty()));
        if (tokens == 0) {
            return;
        }
        int[] sizes = layout.groupSizes();
        int row = 0;
        int from = 0;
        while (from < prefixes) {
            int to = from + 1;
            while (to < prefixes && sizes[to] == sizes[from]) {
                to++;
            }
            long first = layout.prefixTokens() + (long) row * tokens;
            int[] lengths = Arrays.stream(layout.prefixes(), from, to)
                    .mapToInt(p -> p.length)
                    .toArray();
            parts.add(part(to - from, sizes[from], tokens, first, from, angles, prefixMask(lengths, slots)));
            row += (to - from) * sizes[from];
            from = to;
        }
    }

    private Part part(
            int groups,
            int samples,
            int tokens,
            long first,
            int prefixes,
            RotaryAngles angles,
            Optional<Tensor> prefixMask) {
        return new Part(
                groups,
                samples,
                tokens,
                first,
                prefixes,
                new HeadTurns(turns(angles.asComplex(), groups, samples, tokens, first), kv, group),
                prefixMask);
    }

    /** Given for every place of a row [T, 1, headDim / 2], or of the whole layout [N, 1, headDim / 2]. */
    private static Tensor turns(Tensor all, long groups, long samples, long tokens, long first) {
        long rows = groups * samples * tokens;
        return all.size(0) == tokens && first == 0 && all.size(0) != rows
                ? all.view(1, 1, tokens, 1, 1, -1)
                : all.narrow(0, first, rows).view(groups, samples, tokens, 1, 1, -1);
    }

    private Optional<Tensor> prefixMask(int[] lengths, int slots) {
        if (Arrays.stream(lengths).allMatch(l -> l == slots)) {
            return Optional.empty();
        }
        float[] additive = new float[lengths.length * kv * slots];
        for (int i = 0; i < lengths.length * kv; i++) {
            Arrays.fill(additive, i * slots + lengths[i / kv], (i + 1) * slots, Float.NEGATIVE_INFINITY);
        }
        return Optional.of(Tensors.ofFloats(additive, Device.CPU, (long) lengths.length * kv, 1, slots));
    }

    /** @param qkv [N, (H + 2 KV) headDim], not needed afterwards */
    Pass pass(Tensor qkv) {
        return new Pass(qkv);
    }

    /** One layer's attention. */
    final class Pass implements AttentionPass {
        private final List<Heads> rotated = new ArrayList<>();
        /** Of each part, [groups, KV, samples, tokens, G, 1], where its scores do not stand in one table. */
        private final List<Optional<Tensor>> normalisers = new ArrayList<>();

        private final Tensor mixed;

        private Pass(Tensor qkv) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                mixed = Scopes.keep(torch.empty(qkv.size(0), (long) heads * dim));
                for (Part part : parts) {
                    rotated.add(rotated(qkv, part).keep());
                }
                for (int p = 0; p < parts.size(); p++) {
                    normalisers.add(forward(p));
                }
            }
        }

        private Optional<Tensor> forward(int p) {
            try (PointerScope inner = new PointerScope()) {
                Tensor q = rotated.get(p).q;
                Tensor out = torch.empty_like(q);
                List<QueryBlocks.Block> all = blocks(p, rotated, Optional.empty());
                Optional<Tensor> own = all.stream().allMatch(QueryBlocks.Block::inOneTable)
                        ? Optional.empty()
                        : Optional.of(Scopes.keep(torch.empty_like(q.narrow(5, 0, 1))));
                for (QueryBlocks.Block block : all) {
                    if (block.inOneTable()) {
                        SoftmaxAttention.forward(block.of(q), block.sources(), block.of(out));
                    } else {
                        BlockwiseAttention.ofCache()
                                .forward(block.of(q), block.sources(), block.of(out), block.of(own.orElseThrow()));
                    }
                }
                queriesOf(mixed, parts.get(p)).copy_(byToken(out));
                return own;
            }
        }

        @Override
        public Tensor mixed() {
            return mixed;
        }

        /** The rotated keys of whole rows or of prefixes, [sequences, KV, T, headDim]. */
        Tensor keys() {
            return HeadTurns.inModelsOrder(rotated.get(0).k.squeeze(2));
        }

        /** Their values. */
        Tensor values() {
            return rotated.get(0).v.squeeze(2);
        }

        @Override
        public Tensor backward(Tensor gradMixed) {
            return Scopes.scoped(() -> {
                Tensor gradQkv = torch.empty(gradMixed.size(0), (long) config.fusedHeads() * dim);
                List<Heads> gradients = new ArrayList<>();
                for (Heads of : rotated) {
                    gradients.add(new Heads(torch.empty_like(of.q), torch.zeros_like(of.k), torch.zeros_like(of.v)));
                }
                for (int p = 0; p < parts.size(); p++) {
                    backward(p, gradMixed, gradients);
                }
                for (int p = 0; p < parts.size(); p++) {
                    rotateBack(gradients.get(p), gradQkv, parts.get(p));
                }
                return gradQkv;
            });
        }

        private void backward(int p, Tensor gradMixed, List<Heads> gradients) {
            try (PointerScope inner = new PointerScope()) {
                Tensor ofPart = queriesOf(gradMixed, parts.get(p));
                Tensor gradOut = byHead(ofPart).contiguous();
                Optional<Tensor> dots = normalisers.get(p).map(n -> byHead(ofPart.mul(queriesOf(mixed, parts.get(p)))
                                .sum(new long[] {5}, true, new ScalarTypeOptional()))
                        .contiguous());
                Tensor q = rotated.get(p).q;
                Tensor gradQ = gradients.get(p).q;
                for (QueryBlocks.Block block : blocks(p, rotated, Optional.of(gradients))) {
                    if (block.inOneTable()) {
                        SoftmaxAttention.backward(block.of(q), block.sources(), block.of(gradOut), block.of(gradQ));
                    } else {
                        BlockwiseAttention.ofCache()
                                .backward(
                                        block.of(q),
                                        block.sources(),
                                        block.of(normalisers.get(p).orElseThrow()),
                                        block.of(dots.orElseThrow()),
                                        block.of(gradOut),
                                        block.of(gradQ));
                    }
                }
            }
        }

        @Override
        public void close() {
            Scopes.release(mixed);
            rotated.forEach(h -> h.all().forEach(Scopes::release));
            normalisers.forEach(n -> n.ifPresent(Scopes::release));
        }
    }

    private List<QueryBlocks.Block> blocks(int number, List<Heads> rotated, Optional<List<Heads>> gradients) {
        Part part = parts.get(number);
        SoftmaxAttention.Source itself = source(
                rotated.get(number), gradients.map(g -> g.get(number)), 0, part.groups, part.samples, Optional.empty());
        if (part.prefixes < 0) {
            return blocks.ofRows(itself);
        }
        SoftmaxAttention.Source prefix =
                source(rotated.get(0), gradients.map(g -> g.get(0)), part.prefixes, part.groups, 1, part.prefixMask);
        return blocks.ofContinuations(part.groups * kv, prefix, itself);
    }

    /** All tokens of some groups. */
    private static SoftmaxAttention.Source source(
            Heads of, Optional<Heads> gradient, int from, int groups, int split, Optional<Tensor> mask) {
        return new SoftmaxAttention.Source(
                keys(of.k, from, groups),
                keys(of.v, from, groups),
                gradient.map(g -> keys(g.k, from, groups)),
                gradient.map(g -> keys(g.v, from, groups)),
                split,
                mask);
    }

    /** The keys of some groups, [groups * KV * samples, tokens, headDim]. */
    private static Tensor keys(Tensor k, int from, int groups) {
        return k.narrow(0, from, groups).flatten(0, 2);
    }

    private Heads rotated(Tensor qkv, Part part) {
        Tensor q = torch.empty(part.groups, kv, part.samples, part.tokens, group, dim);
        Tensor k = torch.empty(part.groups, kv, part.samples, part.tokens, dim);
        Tensor v = torch.empty(part.groups, kv, part.samples, part.tokens, dim);
        part.turns.turn(queriesAndKeys(qkv, part), q, k);
        byToken(v.unsqueeze(4)).copy_(valuesOf(qkv, part));
        return new Heads(q, k, v);
    }

    private void rotateBack(Heads gradient, Tensor gradQkv, Part part) {
        try (PointerScope scope = new PointerScope()) {
            part.turns.turnBack(gradient.q, gradient.k, queriesAndKeys(gradQkv, part));
            valuesOf(gradQkv, part).copy_(byToken(gradient.v.unsqueeze(4)));
        }
    }

    /** A part's rows of a matrix of queries' heads [N, H headDim], [groups, samples, tokens, KV, G, headDim]. */
    private Tensor queriesOf(Tensor matrix, Part part) {
        return matrix.narrow(0, part.first, part.rows()).view(part.groups, part.samples, part.tokens, kv, group, dim);
    }

    /** The queries and keys of a part's rows of qkv, [rows, H + KV, headDim]. */
    private Tensor queriesAndKeys(Tensor qkv, Part part) {
        return qkv.narrow(0, part.first, part.rows())
                .narrow(1, 0, (long) (heads + kv) * dim)
                .unflatten(1, heads + kv, dim);
    }

    /** Their values, [groups, samples, tokens, KV, 1, headDim]. */
    private Tensor valuesOf(Tensor qkv, Part part) {
        return qkv.narrow(0, part.first, part.rows())
                .narrow(1, (long) (heads + kv) * dim, (long) kv * dim)
                .view(part.groups, part.samples, part.tokens, kv, 1, dim);
    }

    /** [groups, KV, samples, tokens, G, headDim] seen as [groups, samples, tokens, KV, G, headDim]. */
    private static Tensor byToken(Tensor x) {
        return x.permute(0, 2, 3, 1, 4, 5);
    }

    /** The reverse of {@link #byToken}. */
    private static Tensor byHead(Tensor x) {
        return x.permute(0, 3, 1, 2, 4, 5);
    }
}

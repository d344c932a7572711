package dev.flipside.model;

import dev.flipside.engine.Epilogue;
import dev.flipside.engine.MatrixProduct;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * {@link SoftmaxAttention} of many keys, which come in blocks: scores of a block stay in the processor's cache, and no
 * table of all scores exists, so memory grows with the keys and not with queries times keys.
 *
 * <p>Exact, by the scheme of FlashAttention (Dao et al. 2022, arXiv 2205.14135, algorithms 1 and 4). Forward, each
 * block has a softmax and a normaliser of its own, the log of the sum of its exponentials; two blocks together are
 * weighted by their normalisers' shares. Backward, probabilities are P = exp(S - normaliser), and rowsum(P dP) =
 * rowsum(dO O), so that no block needs another.
 */
final class BlockwiseAttention {
    /** Scores at a time: 4 MB of float32; with 1 and 2 MB, attention over 8,192 tokens took a tenth longer. */
    private static final long SCORES = 1 << 20;

    private static final Scalar ONE = Scopes.keep(new Scalar(1.0));

    private final long scores;

    /** @param scores at a time; a block of keys has at least as many as its mask */
    BlockwiseAttention(long scores) {
        this.scores = scores;
    }

    /** Of a size that the last cache of a processor holds with what is made of them. */
    static BlockwiseAttention ofCache() {
        return new BlockwiseAttention(SCORES);
    }

    /**
     * O = softmax(Q K^T + mask) V. The first key of every source is seen by all its queries.
     *
     * @param into [n, M, headDim]
     * @param normalisers [n, M, 1], receives each query's, for {@link #backward}
     */
    void forward(Tensor queries, List<SoftmaxAttention.Source> all, Tensor into, Tensor normalisers) {
        forEachTile(queries, all, (tile, first) -> tile.mix(tile.of(into), tile.of(normalisers), first));
    }

    /**
     * Adds the gradients of keys and values.
     *
     * @param normalisers of {@link #forward}
     * @param dots rowsum(dO O), [n, M, 1]
     * @param gradOutput [n, M, headDim]
     * @param gradQueries receives dQ, [n, M, headDim]
     */
    void backward(
            Tensor queries,
            List<SoftmaxAttention.Source> all,
            Tensor normalisers,
            Tensor dots,
            Tensor gradOutput,
            Tensor gradQueries) {
        forEachTile(
                queries,
                all,
                (tile, first) -> tile.backward(
                        tile.of(normalisers), tile.of(dots), tile.of(gradOutput), tile.of(gradQueries), first));
    }

    private void forEachTile(Tensor queries, List<SoftmaxAttention.Source> all, TileConsumer consumer) {
        for (long entry = 0; entry < queries.size(0); entry++) {
            boolean first = true;
            for (SoftmaxAttention.Source whole : all) {
                long from = 0;
                while (from < whole.slots()) {
                    try (PointerScope scope = new PointerScope()) {
                        Tile tile = tile(queries, whole.part(entry, 1), entry, from);
                        if (tile.hidden()) {
                            break;
                        }
                        consumer.accept(tile, first);
                        from += tile.count;
                        first = false;
                    }
                }
            }
        }
    }

    private Tile tile(Tensor queries, SoftmaxAttention.Source source, long entry, long from) {
        long count = Math.min(Math.max(1, scores / queries.size(1)), source.slots() - from);
        long behind = source.slots() - from - count;
        long masked =
                source.mask().filter(m -> m.dim() == 2).map(m -> m.size(1)).orElse(0L);
        // The causal mask is not cut: every query sees the first key of every block.
        return new Tile(queries, source, entry, from, behind < masked ? count + behind : count);
    }

    private interface TileConsumer {
        /** @param first of its queries */
        void accept(Tile tile, boolean first);
    }

    /**
     * One entry's queries and a block of one source's keys.
     *
     * @param source of the entry alone
     * @param from the first of its keys, count how many
     */
    private record Tile(Tensor queries, SoftmaxAttention.Source source, long entry, long from, long count) {
        /** The entry of a tensor of all entries. */
        Tensor of(Tensor x) {
            return x.narrow(0, entry, 1);
        }

        /** Whether the prefix that these keys belong to has ended. */
        boolean hidden() {
            return source.mask()
                    .filter(m -> m.dim() == 3)
                    .map(m -> Double.isInfinite(Tensors.toDouble(m.narrow(2, from, 1))))
                    .orElse(false);
        }

        private Tensor block(Tensor x) {
            return x.narrow(1, from, count);
        }

        /** Scores with their mask, [1, M, count]. */
        private Tensor scores() {
            Tensor table = torch.empty(1, queries.size(1), count);
            Tensor byPart = source.byPart(table);
            MatrixProduct.multiply(
                    source.byPart(of(queries)), block(source.keys()).transpose(1, 2), byPart, Epilogue.NONE);
            source.mask().ifPresent(m -> {
                if (m.dim() == 3) {
                    table.add_(m.narrow(2, from, count));
                } else if (from + count == source.slots()) {
                    byPart.narrow(2, count - m.size(1), m.size(1)).add_(m);
                }
            });
            return table;
        }

        void mix(Tensor into, Tensor normalisers, boolean first) {
            Tensor table = scores();
            Tensor highest = table.amax(new long[] {2}, true);
            torch.softmax_out(table, table, 2);
            // The most likely key's probability is at least one over their number, so its logarithm is exact.
            Tensor own = highest.sub_(table.amax(new long[] {2}, true).log_());
            Tensor mixed = first ? into : torch.empty_like(into);
            MatrixProduct.multiply(source.byPart(table), block(source.values()), source.byPart(mixed), Epilogue.NONE);
            if (first) {
                normalisers.copy_(own);
                return;
            }
            Tensor both = torch.logaddexp(normalisers, own);
            into.mul_(normalisers.sub(both).exp_());
            into.addcmul_(mixed, own.sub_(both).exp_(), ONE);
            normalisers.copy_(both);
        }

        void backward(Tensor normalisers, Tensor dots, Tensor gradOut, Tensor gradQ, boolean first) {
            Tensor probabilities = scores().sub_(normalisers).exp_();
            Tensor gradScores = torch.empty_like(probabilities);
            MatrixProduct.multiply(
                    source.byPart(gradOut),
                    block(source.values()).transpose(1, 2),
                    source.byPart(gradScores),
                    Epilogue.NONE);
            MatrixProduct.multiply(
                    source.byPart(probabilities).transpose(1, 2),
                    source.byPart(gradOut),
                    block(source.gradValues().orElseThrow()),
                    Epilogue.ACCUMULATE);
            gradScores.sub_(dots).mul_(probabilities);
            Tensor part = source.byPart(gradScores);
            MatrixProduct.multiply(
                    part, block(source.keys()), source.byPart(gradQ), first ? Epilogue.NONE : Epilogue.ACCUMULATE);
            MatrixProduct.multiply(
                    part.transpose(1, 2),
                    source.byPart(of(queries)),
                    block(source.gradKeys().orElseThrow()),
                    Epilogue.ACCUMULATE);
        }
    }
}

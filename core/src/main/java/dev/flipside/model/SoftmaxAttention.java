package dev.flipside.model;

import dev.flipside.engine.Epilogue;
import dev.flipside.engine.MatrixProduct;
import dev.flipside.engine.Scopes;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Softmax attention of batched queries over keys that stand in several places, forward and backward by batched
 * products.
 *
 * <p>With P = softmax(Q K^T) and O = P V: dV = P^T dO, dP = dO V^T, dS = P (dP - rowsum(P dP)), dQ = dS K, dK = dS^T Q.
 * Probabilities are computed again in the backward pass, for as many batch entries at a time as keep them in the
 * processor's cache. Queries come scaled. More keys than a table holds are {@link BlockwiseAttention}'s.
 */
final class SoftmaxAttention {
    /** Scores at a time: 2 MB of float32. */
    private static final long SCORES = 1 << 19;

    /** Scores of one table at most: 8 MB of float32. */
    private static final long ONE_TABLE = 1 << 21;

    private static final Scalar MINUS_ONE = Scopes.keep(new Scalar(-1.0));
    private static final ScalarTypeOptional SAME_TYPE = Scopes.keep(new ScalarTypeOptional());

    private SoftmaxAttention() {}

    /** Whether scores of so many queries by so many keys stand in one table; else they come in blocks. */
    static boolean inOneTable(long queries, long keys) {
        return queries * keys <= ONE_TABLE;
    }

    /**
     * Keys that queries look at. With a batch of n queries [n, M, headDim], the keys are [n * split, S, headDim], and
     * each part of M / split queries has its own.
     *
     * @param gradKeys receives their gradient, added to what is there; like keys
     * @param mask added to the scores: [queries of a part, last columns] for all, or [n, 1, S] where {@code split} is 1
     */
    record Source(
            Tensor keys,
            Tensor values,
            Optional<Tensor> gradKeys,
            Optional<Tensor> gradValues,
            int split,
            Optional<Tensor> mask) {

        long slots() {
            return keys.size(1);
        }

        Source part(long from, long count) {
            return new Source(
                    part(keys, from, count),
                    part(values, from, count),
                    gradKeys.map(g -> part(g, from, count)),
                    gradValues.map(g -> part(g, from, count)),
                    split,
                    mask.map(m -> m.dim() == 3 ? m.narrow(0, from, count) : m));
        }

        private Tensor part(Tensor x, long from, long count) {
            return x.narrow(0, from * split, count * split);
        }

        /** The first keys of every part. */
        Source first(long count) {
            return slice(1, 0, count, split);
        }

        /** Of one batch entry the keys of some parts. */
        Source ofSamples(long from, int count) {
            return slice(0, from, count, count);
        }

        Source masked(Tensor causal) {
            return new Source(keys, values, gradKeys, gradValues, split, Optional.of(causal));
        }

        private Source slice(int dimension, long from, long count, int parts) {
            return new Source(
                    keys.narrow(dimension, from, count),
                    values.narrow(dimension, from, count),
                    gradKeys.map(g -> g.narrow(dimension, from, count)),
                    gradValues.map(g -> g.narrow(dimension, from, count)),
                    parts,
                    mask);
        }

        /** Rows [n, M, width] by part, [n * split, M / split, width]. */
        Tensor byPart(Tensor x) {
            return split == 1 ? x : x.view(x.size(0) * split, x.size(1) / split, x.size(2));
        }
    }

    /**
     * O = softmax(Q K^T + mask) V.
     *
     * @param into [n, M, headDim]
     */
    static void forward(Tensor queries, List<Source> all, Tensor into) {
        forEachPart(queries, all, (from, count) -> {
            Tensor out = into.narrow(0, from, count);
            List<Source> sources = all.stream().map(s -> s.part(from, count)).toList();
            Tensor probabilities = probabilities(queries.narrow(0, from, count), sources);
            long at = 0;
            for (Source source : sources) {
                MatrixProduct.multiply(
                        columns(source, probabilities, at), source.values, source.byPart(out), adding(at));
                at += source.slots();
            }
        });
    }

    /**
     * Adds the gradients of keys and values.
     *
     * @param gradOutput [n, M, headDim]
     * @param gradQueries receives dQ, [n, M, headDim]
     */
    static void backward(Tensor queries, List<Source> all, Tensor gradOutput, Tensor gradQueries) {
        forEachPart(queries, all, (from, count) -> {
            Tensor q = queries.narrow(0, from, count);
            Tensor gradOut = gradOutput.narrow(0, from, count);
            Tensor gradQ = gradQueries.narrow(0, from, count);
            List<Source> sources = all.stream().map(s -> s.part(from, count)).toList();
            Tensor probabilities = probabilities(q, sources);
            Tensor gradProbabilities = torch.empty_like(probabilities);
            long at = 0;
            for (Source source : sources) {
                MatrixProduct.multiply(
                        source.byPart(gradOut),
                        source.values.transpose(1, 2),
                        columns(source, gradProbabilities, at),
                        Epilogue.NONE);
                MatrixProduct.multiply(
                        columns(source, probabilities, at).transpose(1, 2),
                        source.byPart(gradOut),
                        source.gradValues.orElseThrow(),
                        Epilogue.ACCUMULATE);
                at += source.slots();
            }
            Tensor gradScores = gradProbabilities.mul_(probabilities);
            Tensor sums = gradScores.sum(new long[] {2}, true, SAME_TYPE);
            gradScores.addcmul_(probabilities, sums, MINUS_ONE);
            at = 0;
            for (Source source : sources) {
                Tensor part = columns(source, gradScores, at);
                MatrixProduct.multiply(part, source.keys, source.byPart(gradQ), adding(at));
                MatrixProduct.multiply(
                        part.transpose(1, 2), source.byPart(q), source.gradKeys.orElseThrow(), Epilogue.ACCUMULATE);
                at += source.slots();
            }
        });
    }

    private static Epilogue adding(long at) {
        return at == 0 ? Epilogue.NONE : Epilogue.ACCUMULATE;
    }

    /** [n, M, slots of all sources]. */
    private static Tensor probabilities(Tensor queries, List<Source> sources) {
        long width = sources.stream().mapToLong(Source::slots).sum();
        Tensor table = torch.empty(queries.size(0), queries.size(1), width);
        long at = 0;
        for (Source source : sources) {
            Tensor columns = columns(source, table, at);
            MatrixProduct.multiply(source.byPart(queries), source.keys.transpose(1, 2), columns, Epilogue.NONE);
            long first = at;
            source.mask.ifPresent(m ->
                    columns.narrow(2, source.slots() - m.size(-1), m.size(-1)).add_(m));
            at = first + source.slots();
        }
        return torch.softmax_out(table, table, 2);
    }

    private static Tensor columns(Source source, Tensor table, long at) {
        return source.byPart(table).narrow(2, at, source.slots());
    }

    private static void forEachPart(Tensor queries, List<Source> sources, PartConsumer consumer) {
        long n = queries.size(0);
        long width = sources.stream().mapToLong(Source::slots).sum();
        long step = Math.max(1, SCORES / Math.max(1, queries.size(1) * width));
        for (long from = 0; from < n; from += step) {
            try (PointerScope scope = new PointerScope()) {
                consumer.accept(from, Math.min(step, n - from));
            }
        }
    }

    private interface PartConsumer {
        void accept(long from, long count);
    }
}

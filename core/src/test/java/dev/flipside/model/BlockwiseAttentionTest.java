package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention by blocks of keys, forward and backward, against softmax(Q K^T + mask) V and autograd in float64. */
class BlockwiseAttentionTest {
    /**
     * Relative to the largest. Scores reach 20, where float32 is exact to 2e-6, an error that exponentials pass on to
     * every probability; 7e-6 is seen.
     */
    private static final double ROUNDING = 2e-5;

    private static final int DIM = 8;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    /**
     * Continuations of prefixes by one key head each, as {@link PlannedAttention} lays them out.
     *
     * @param lengths of the prefixes, one a batch entry; zeros for rows without
     * @param samples that continue each
     * @param tokens of a continuation
     * @param group query heads of a key head
     */
    private record Shape(int[] lengths, int samples, int tokens, int group) {
        int entries() {
            return lengths.length;
        }

        int slots() {
            return Arrays.stream(lengths).max().orElseThrow();
        }
    }

    /** Queries, prefix keys and values, own keys and values, the gradient of the output. */
    private record Inputs(Tensor q, Tensor pk, Tensor pv, Tensor k, Tensor v, Tensor gradOut) {
        static Inputs random(Shape shape) {
            torch.manual_seed(7);
            long n = shape.entries();
            long m = (long) shape.samples * shape.tokens * shape.group;
            // Scores with a spread of several units, so that blocks have very different normalisers.
            return new Inputs(
                    normal(n, m, DIM).mul_(new Scalar(1.5)),
                    normal(n, shape.slots(), DIM),
                    normal(n, shape.slots(), DIM),
                    normal(n * shape.samples, shape.tokens, DIM),
                    normal(n * shape.samples, shape.tokens, DIM),
                    normal(n, m, DIM));
        }

        private static Tensor normal(long... sizes) {
            return torch.randn(sizes);
        }

        List<Tensor> leaves() {
            return List.of(q, pk, pv, k, v);
        }
    }

    @ParameterizedTest
    @CsvSource({
        // lengths of prefixes; samples, tokens, query heads of a key head; scores of a block
        "0 0 0, 1, 37, 1, 100",
        "0 0, 1, 37, 3, 300",
        "0, 1, 37, 3, 100000",
        "50 50, 3, 7, 2, 1",
        "50 50, 3, 7, 2, 420",
        "50 50, 3, 7, 2, 1000",
        "50 50, 3, 7, 2, 100000",
        "64 3 20, 2, 9, 3, 500",
        "64 3 20, 2, 9, 3, 700",
        "128, 4, 1, 1, 64",
        "300 299, 1, 40, 3, 3600",
        "1 2, 5, 16, 1, 90"
    })
    void equalsSoftmaxOfTheWholeTable(String lengths, int samples, int tokens, int group, long scores) {
        Shape shape = new Shape(
                Arrays.stream(lengths.split(" ")).mapToInt(Integer::parseInt).toArray(), samples, tokens, group);
        try (PointerScope scope = new PointerScope()) {
            Inputs inputs = Inputs.random(shape);
            List<float[]> wanted = wanted(shape, inputs);
            List<float[]> found;
            try (Scopes.Frozen frozen = Scopes.frozen()) {
                found = found(shape, inputs, new BlockwiseAttention(scores));
            }
            for (int i = 0; i < wanted.size(); i++) {
                if (wanted.get(i).length > 0) {
                    assertThat(GoldenFixtures.relativeGap(found.get(i), wanted.get(i)))
                            .as("output, dQ, prefix dK and dV, own dK and dV: number %d", i)
                            .isLessThan(ROUNDING);
                }
            }
        }
    }

    private static List<float[]> found(Shape shape, Inputs inputs, BlockwiseAttention attention) {
        List<Tensor> gradients = inputs.leaves().stream().map(torch::zeros_like).toList();
        List<SoftmaxAttention.Source> sources = new ArrayList<>();
        if (shape.slots() > 0) {
            sources.add(new SoftmaxAttention.Source(
                    inputs.pk,
                    inputs.pv,
                    Optional.of(gradients.get(1)),
                    Optional.of(gradients.get(2)),
                    1,
                    Optional.of(behindPrefixes(shape))));
        }
        sources.add(new SoftmaxAttention.Source(
                inputs.k,
                inputs.v,
                Optional.of(gradients.get(3)),
                Optional.of(gradients.get(4)),
                shape.samples,
                Optional.of(causal(shape))));
        Tensor out = torch.empty_like(inputs.q);
        Tensor normalisers = torch.empty_like(inputs.q.narrow(2, 0, 1));
        attention.forward(inputs.q, sources, out, normalisers);
        Tensor dots = out.mul(inputs.gradOut).sum(new long[] {2}, true, new ScalarTypeOptional());
        Tensor gradQueries = torch.empty_like(inputs.q);
        attention.backward(inputs.q, sources, normalisers, dots, inputs.gradOut, gradQueries);
        List<float[]> found = new ArrayList<>(List.of(Tensors.toFloats(out), Tensors.toFloats(gradQueries)));
        gradients.subList(1, 5).forEach(g -> found.add(floats(g)));
        return found;
    }

    /** Minus infinity behind the end of each prefix, [n, 1, slots]. */
    private static Tensor behindPrefixes(Shape shape) {
        Tensor mask = torch.zeros(shape.entries(), 1, shape.slots());
        for (int e = 0; e < shape.entries(); e++) {
            mask.select(0, e)
                    .narrow(1, shape.lengths[e], shape.slots() - shape.lengths[e])
                    .fill_(new Scalar(Double.NEGATIVE_INFINITY));
        }
        return mask;
    }

    /** [tokens * G, tokens]. */
    private static Tensor causal(Shape shape) {
        return torch.full(new long[] {shape.tokens, shape.tokens}, new Scalar(Double.NEGATIVE_INFINITY))
                .triu_(1)
                .unsqueeze(1)
                .expand(shape.tokens, shape.group, shape.tokens)
                .reshape((long) shape.tokens * shape.group, shape.tokens);
    }

    private static List<float[]> wanted(Shape shape, Inputs inputs) {
        try (AutoGradMode grad = new AutoGradMode(true)) {
            List<Tensor> leaves = inputs.leaves().stream()
                    .map(x -> x.detach().to(ScalarType.Double).set_requires_grad(true))
                    .toList();
            List<Tensor> rows = IntStream.range(0, shape.entries())
                    .mapToObj(e -> Tensors.cat(
                            0,
                            IntStream.range(0, shape.samples)
                                    .mapToObj(s -> row(shape, leaves, e, s))
                                    .toArray(Tensor[]::new)))
                    .toList();
            Tensor out = torch.stack(new TensorVector(rows.toArray(Tensor[]::new)), 0);
            out.mul(inputs.gradOut.to(ScalarType.Double)).sum().backward();
            List<float[]> wanted = new ArrayList<>(List.of(Tensors.toFloats(out.detach())));
            leaves.forEach(x -> wanted.add(floats(x.grad())));
            return wanted;
        }
    }

    /** Of an empty tensor too, whose gradient may be undefined. */
    private static float[] floats(Tensor x) {
        return x.defined() && x.numel() > 0 ? Tensors.toFloats(x) : new float[0];
    }

    /** One sample's queries by the keys of its prefix and its own, [tokens * G, headDim]. */
    private static Tensor row(Shape shape, List<Tensor> leaves, int entry, int sample) {
        long rows = (long) shape.tokens * shape.group;
        long number = (long) entry * shape.samples + sample;
        Tensor q = leaves.get(0).select(0, entry).narrow(0, sample * rows, rows);
        int length = shape.lengths[entry];
        Tensor k = Tensors.cat(
                0,
                leaves.get(1).select(0, entry).narrow(0, 0, length),
                leaves.get(3).select(0, number));
        Tensor v = Tensors.cat(
                0,
                leaves.get(2).select(0, entry).narrow(0, 0, length),
                leaves.get(4).select(0, number));
        Tensor scores = q.matmul(k.transpose(0, 1));
        Tensor mask = Tensors.cat(1, torch.zeros(rows, length), causal(shape)).to(ScalarType.Double);
        return scores.add(mask).softmax(1).matmul(v);
    }
}

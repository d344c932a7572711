package dev.flipside.model;

import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.DecoderConfig.Experts;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The load-balancing loss of one pass (Fedus et al., arXiv 2101.03961, equations 4 to 6), as transformers computes it:
 * with E experts, f_e the share of choices per token that fell on expert e, and P_e its mean probability, both over the
 * tokens of all layers with experts, the loss is E sum_e f_e P_e. Shares have no gradient.
 *
 * <p>Tokens that several rows share count once for each of them, and padding does not count. Native memory lives until
 * {@link #close}.
 */
final class RouterBalance implements RouterListener, AutoCloseable {
    private final Experts experts;
    /** How often each token of the layout counts, float32 [tokens, 1]. */
    private final Tensor weights;

    /**
     * Choices of each expert so far, and sums of its probabilities, float64 [experts]: a float32 stops counting at 16.8
     * million.
     */
    private final Tensor choices;

    private final Tensor sums;
    private final double perLayer;
    private int layers;

    /** With their graph, where it is wanted. */
    private final List<Tensor> probabilities = new ArrayList<>();

    private boolean keeping;

    RouterBalance(Experts experts, RowLayout layout, Decoder decoder) {
        this.experts = experts;
        try (Scopes.Frozen scope = Scopes.frozen()) {
            float[] counts = layout.multiplicities();
            double total = 0;
            for (float count : counts) {
                total += count;
            }
            perLayer = total;
            weights = Scopes.keep(Tensors.ofFloats(counts, decoder.device(), counts.length, 1));
            choices = Scopes.keep(zeros(experts, decoder));
            sums = Scopes.keep(zeros(experts, decoder));
        }
    }

    private static Tensor zeros(Experts experts, Decoder decoder) {
        return torch.zeros(new long[] {experts.count()}, decoder.device().options(ScalarType.Double));
    }

    /** Keeps the probabilities' graph for {@link #loss}. */
    void keepGraph() {
        keeping = true;
    }

    @Override
    public void routed(int layer, Tensor layerProbabilities, Tensor chosen) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor repeated =
                    weights.view(-1).repeat_interleave(experts.perToken(), new LongOptional(), new LongOptional());
            choices.index_add_(0, chosen.reshape(-1), repeated.to(ScalarType.Double));
            sums.add_(layerProbabilities.detach().mul(weights).sum(0L));
        }
        layers++;
        if (keeping) {
            probabilities.add(Scopes.keep(layerProbabilities.alias()));
        }
    }

    /** The loss's value; of no use before all layers have run. */
    double value() {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            return Tensors.toDouble(choices.mul(sums).sum()) * factor();
        }
    }

    private double factor() {
        double tokens = perLayer * layers;
        return experts.count() / (tokens * tokens);
    }

    /**
     * The part of the loss that one layer's probabilities make, a scalar in their graph, times {@code weight}. All
     * layers have run before.
     */
    Tensor part(Tensor layerProbabilities, double weight) {
        Tensor towards =
                choices.mul(new Scalar(factor() * weight)).to(ScalarType.Float).mul(weights);
        return layerProbabilities.mul(towards).sum();
    }

    /** The kept probabilities' parts. */
    List<Tensor> parts(double weight) {
        return probabilities.stream().map(p -> part(p, weight)).toList();
    }

    @Override
    public void close() {
        probabilities.forEach(Scopes::release);
        List.of(weights, choices, sums).forEach(Scopes::release);
    }
}

package dev.flipside.engine;

import dev.flipside.config.OptimiserConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * AdamW (Loshchilov and Hutter, arXiv 1711.05101) over flat buffers, with torch's update rule, one learning rate per
 * group.
 *
 * <p>Its whole state is two buffers per group and a step count, so a snapshot or a checkpoint is a few copies. Lives
 * outside every scope until {@link #close}.
 */
public final class AdamW implements AutoCloseable {
    /** Elements updated at a time: four buffers of this size stay in the second-level cache. */
    private static final long CHUNK = 128 * 1024;

    private final List<ParameterGroup> groups;
    private final OptimiserConfig config;
    private final List<Tensor> firstMoments = new ArrayList<>();
    private final List<Tensor> secondMoments = new ArrayList<>();
    private long steps;

    /**
     * @param groups trained together
     * @param config where the decay rates of the moments and epsilon come from
     */
    public AdamW(List<ParameterGroup> groups, OptimiserConfig config) {
        this.groups = List.copyOf(groups);
        this.config = config;
        try (PointerScope scope = new PointerScope()) {
            for (ParameterGroup group : groups) {
                group.parameters().train();
                firstMoments.add(Scopes.keep(torch.zeros_like(group.parameters().flat())));
                secondMoments.add(
                        Scopes.keep(torch.zeros_like(group.parameters().flat())));
            }
        }
    }

    public void zeroGradient() {
        groups.forEach(g -> g.parameters().zeroGradient());
    }

    /** The 2-norm of all gradients together. */
    public double gradientNorm() {
        return Math.sqrt(groups.stream()
                .mapToDouble(g -> Tensors.squaredNorm(g.parameters().gradient()))
                .sum());
    }

    /** The first weight whose gradient is not finite, by name. */
    public Optional<String> firstNonFiniteGradient() {
        return groups.stream()
                .flatMap(g -> g.parameters().firstNonFiniteGradient().stream())
                .findFirst();
    }

    /**
     * One update from the accumulated gradients.
     *
     * @param gradientScale multiplies every gradient (1, or less to clip its norm)
     * @param learningRates one per group, in the order given to the constructor
     */
    public void step(double gradientScale, double... learningRates) {
        if (learningRates.length != groups.size()) {
            throw new IllegalArgumentException(groups.size() + " groups, " + learningRates.length + " learning rates");
        }
        steps++;
        for (int i = 0; i < groups.size(); i++) {
            update(groups.get(i), firstMoments.get(i), secondMoments.get(i), gradientScale, learningRates[i]);
        }
    }

    private void update(
            ParameterGroup group, Tensor firstMoment, Tensor secondMoment, double gradientScale, double learningRate) {
        double correction1 = 1 - Math.pow(config.adamBeta1(), steps);
        double correction2 = 1 - Math.pow(config.adamBeta2(), steps);
        long elements = firstMoment.numel();
        for (long at = 0; at < elements; at += CHUNK) {
            long n = Math.min(CHUNK, elements - at);
            try (Scopes.Frozen scope = Scopes.frozen()) {
                Tensor p = group.parameters().flat().narrow(0, at, n);
                Tensor g = group.parameters().gradient().narrow(0, at, n);
                Tensor m = firstMoment.narrow(0, at, n);
                Tensor v = secondMoment.narrow(0, at, n);
                if (gradientScale != 1.0) {
                    g.mul_(new Scalar(gradientScale));
                }
                m.lerp_(g, new Scalar(1 - config.adamBeta1()));
                v.mul_(new Scalar(config.adamBeta2())).addcmul_(g, g, new Scalar(1 - config.adamBeta2()));
                Tensor denominator =
                        v.sqrt().div_(new Scalar(Math.sqrt(correction2))).add_(new Scalar(config.adamEpsilon()));
                if (group.weightDecay() != 0) {
                    p.mul_(new Scalar(1 - learningRate * group.weightDecay()));
                }
                p.addcdiv_(m, denominator, new Scalar(-learningRate / correction1));
            }
        }
    }

    public long steps() {
        return steps;
    }

    public List<ParameterGroup> groups() {
        return groups;
    }

    /**
     * The moments by name ({@code GROUP.exp_avg}, {@code GROUP.exp_avg_sq}): the live buffers, for saving, restoring
     * and snapshots.
     */
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        for (int i = 0; i < groups.size(); i++) {
            state.put(groups.get(i).name() + ".exp_avg", firstMoments.get(i));
            state.put(groups.get(i).name() + ".exp_avg_sq", secondMoments.get(i));
        }
        return state;
    }

    /** Restores the count that goes with restored moments. */
    public void restoreSteps(long steps) {
        this.steps = steps;
    }

    @Override
    public void close() {
        firstMoments.forEach(Scopes::release);
        secondMoments.forEach(Scopes::release);
    }
}

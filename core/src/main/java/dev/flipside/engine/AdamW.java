package dev.flipside.engine;

import dev.flipside.config.OptimiserConfig;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
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
 *
 * <p>Where several processes train together, each of them holds the moments of its {@link Shard} alone: the gradients
 * are summed there, the shard is updated, and all ranks get the new weights.
 */
public final class AdamW implements AutoCloseable {
    /** Elements updated at a time: four buffers of this size stay in the second-level cache. */
    private static final long CHUNK = 128 * 1024;

    private final List<ParameterGroup> groups;
    private final OptimiserConfig config;
    private final Collective collective;
    private final List<Tensor> firstMoments = new ArrayList<>();
    private final List<Tensor> secondMoments = new ArrayList<>();
    private long steps;
    private boolean summed;

    /**
     * In one process.
     *
     * @param groups trained together
     * @param config where the decay rates of the moments and epsilon come from
     */
    public AdamW(List<ParameterGroup> groups, OptimiserConfig config) {
        this(groups, config, Collective.alone());
    }

    /**
     * Among several processes, whose gradients are summed.
     *
     * @param groups trained together, the same on all ranks
     * @param config where the decay rates of the moments and epsilon come from
     */
    public AdamW(List<ParameterGroup> groups, OptimiserConfig config, Collective collective) {
        this.groups = List.copyOf(groups);
        this.config = config;
        this.collective = collective;
        try (PointerScope scope = new PointerScope()) {
            for (ParameterGroup group : groups) {
                group.parameters().train();
                firstMoments.add(
                        Scopes.keep(torch.zeros_like(own(group.parameters().flat()))));
                secondMoments.add(
                        Scopes.keep(torch.zeros_like(own(group.parameters().flat()))));
            }
        }
    }

    /** What of a group's flat buffer this process updates: all of it where it is the only one. */
    private Tensor own(Tensor flat) {
        Shard shard = collective.shard(flat.numel());
        return flat.narrow(0, shard.from(), shard.length());
    }

    public void zeroGradient() {
        groups.forEach(g -> g.parameters().zeroGradient());
        summed = false;
    }

    /**
     * Sums the gradients that the ranks have accumulated since {@link #zeroGradient}, unless that has been done: the
     * own {@link Shard} of each flat gradient is that of the whole batch afterwards.
     */
    public void sumGradients() {
        if (!summed) {
            groups.forEach(g -> collective.reduceScatter(g.parameters().gradient()));
            summed = true;
        }
    }

    /** The 2-norm of all gradients together, of all ranks. */
    public double gradientNorm() {
        sumGradients();
        return Math.sqrt(overShards(g -> Tensors.squaredNorm(own(g.parameters().gradient()))));
    }

    /**
     * The inner product of a buffer like the flat gradient of the only group with that gradient, both summed over the
     * ranks in their shards.
     */
    public double dotGradient(Tensor other) {
        return overShards(g -> Tensors.dot(own(other), own(g.parameters().gradient())));
    }

    /** The squared 2-norm of a buffer like the flat gradient of the only group, summed over the ranks in its shards. */
    public double squaredNorm(Tensor other) {
        return overShards(g -> Tensors.squaredNorm(own(other)));
    }

    private double overShards(ToDoubleFunction<ParameterGroup> ofGroup) {
        try (PointerScope scope = new PointerScope()) {
            return collective.sum(groups.stream().mapToDouble(ofGroup).sum())[0];
        }
    }

    /** The first weight whose gradient is not finite on any rank, by name. */
    public Optional<String> firstNonFiniteGradient() {
        String found = groups.stream()
                .flatMap(g -> g.parameters().firstNonFiniteGradient().stream())
                .findFirst()
                .orElse("");
        return collective.gather(found.getBytes(StandardCharsets.UTF_8)).stream()
                .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                .filter(name -> !name.isEmpty())
                .findFirst();
    }

    /**
     * One update from the accumulated gradients of all ranks.
     *
     * @param gradientScale multiplies every gradient (1, or less to clip its norm)
     * @param learningRates one per group, in the order given to the constructor
     */
    public void step(double gradientScale, double... learningRates) {
        if (learningRates.length != groups.size()) {
            throw new IllegalArgumentException(groups.size() + " groups, " + learningRates.length + " learning rates");
        }
        sumGradients();
        steps++;
        for (int i = 0; i < groups.size(); i++) {
            update(groups.get(i), firstMoments.get(i), secondMoments.get(i), gradientScale, learningRates[i]);
            collective.allGather(groups.get(i).parameters().flat());
        }
    }

    private void update(
            ParameterGroup group, Tensor firstMoment, Tensor secondMoment, double gradientScale, double learningRate) {
        double correction1 = 1 - Math.pow(config.adamBeta1(), steps);
        double correction2 = 1 - Math.pow(config.adamBeta2(), steps);
        long elements = firstMoment.numel();
        long first = collective.shard(group.parameters().flat().numel()).from();
        for (long at = 0; at < elements; at += CHUNK) {
            long n = Math.min(CHUNK, elements - at);
            try (Scopes.Frozen scope = Scopes.frozen()) {
                Tensor p = group.parameters().flat().narrow(0, first + at, n);
                Tensor g = group.parameters().gradient().narrow(0, first + at, n);
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

    /** The elements of a whole moment of {@link #state}, by name; each lies on the ranks in {@link Shard}s. */
    public Map<String, Long> stateElements() {
        Map<String, Long> elements = new LinkedHashMap<>();
        for (ParameterGroup group : groups) {
            long whole = group.parameters().flat().numel();
            elements.put(group.name() + ".exp_avg", whole);
            elements.put(group.name() + ".exp_avg_sq", whole);
        }
        return elements;
    }

    /**
     * The moments by name ({@code GROUP.exp_avg}, {@code GROUP.exp_avg_sq}): the live buffers of this rank's shard, for
     * saving, restoring and snapshots.
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

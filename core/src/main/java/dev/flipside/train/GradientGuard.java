package dev.flipside.train;

import dev.flipside.algo.GradientProducts;
import dev.flipside.config.GuardConfig.Guard;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Holds an update of the reward model to labelled pairs (docs/method.md, Guards): their gradient b is added to the
 * update's own gradient g (replay), or what of g disagrees with b is removed (A-GEM), or both (close to PCGrad, Yu et
 * al., arXiv 2001.06782, which also projects b).
 */
final class GradientGuard implements AutoCloseable {
    private final PairMemory memory;
    private final Optimiser trunk;
    private final Tensor gradient;
    /** g while b is computed, where the two are needed apart. */
    private final Optional<Tensor> own;

    /**
     * @param weights backbone and reward head, whose gradients are held
     * @param trunk their optimiser
     */
    GradientGuard(Guard guard, PairMemory memory, Parameters weights, Optimiser trunk) {
        this.memory = memory;
        this.trunk = trunk;
        this.gradient = weights.gradient();
        try (PointerScope scope = new PointerScope()) {
            own = guard.projects() ? Optional.of(Scopes.keep(torch.empty_like(gradient))) : Optional.empty();
        }
    }

    /**
     * What a mini-batch's guard found.
     *
     * @param loss of the pairs, unweighted
     * @param minimised what it adds to the loss that is minimised
     * @param products of g and b, where they were needed apart
     */
    record Held(double loss, double minimised, Optional<GradientProducts> products) {}

    /**
     * Changes the accumulated gradient.
     *
     * @throws NonFiniteException when the pairs' loss or gradient is not a number
     */
    Held hold(Course course, OptimiserStep at) {
        double weight = course.replayWeight();
        if (own.isEmpty()) {
            double weighted = memory.addGradient(weight, course.balanced(), at);
            return new Held(weighted / weight, weighted, Optional.empty());
        }
        trunk.adam().sumGradients();
        copy(gradient, own.get());
        trunk.zeroGradient();
        double loss = memory.addGradient(1, course.balanced(), at);
        double norm = trunk.check(loss, at.step()).norm();
        GradientProducts products = new GradientProducts(
                trunk.adam().squaredNorm(own.get()), trunk.adam().dotGradient(own.get()), norm * norm);
        try (Scopes.Frozen scope = Scopes.frozen()) {
            gradient.mul_(new Scalar(products.correction() + weight)).add_(own.get());
        }
        return new Held(loss, weight * loss, Optional.of(products));
    }

    private static void copy(Tensor from, Tensor to) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            to.copy_(from);
        }
    }

    @Override
    public void close() {
        own.ifPresent(Scopes::release);
    }
}

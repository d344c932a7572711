package dev.flipside.train;

import dev.flipside.algo.BradleyTerry;
import dev.flipside.config.Looks;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.engine.Seeds;
import dev.flipside.model.RewardModel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** The labelled pairs that a guard holds the reward model to, and the gradient of their Bradley-Terry loss. */
final class PairMemory {
    private final RewardModel model;
    private final GuardPairs pairs;
    private final Map<List<Looks>, List<LabelledPair>> balanced = new HashMap<>();
    private final RewardModelConfig config;
    private final int batch;
    private final double labelSmoothing;
    private final Seeds seeds;
    private final Ranks ranks;

    /**
     * @param batch pairs per mini-batch
     * @param labelSmoothing of their labels
     * @param ranks each of which computes the gradient of its part of them
     */
    PairMemory(
            RewardModel model,
            GuardPairs pairs,
            RewardModelConfig config,
            int batch,
            double labelSmoothing,
            Seeds seeds,
            Ranks ranks) {
        this.model = model;
        this.pairs = pairs;
        this.config = config;
        this.batch = batch;
        this.labelSmoothing = labelSmoothing;
        this.seeds = seeds;
        this.ranks = ranks;
    }

    /**
     * Adds the gradient of a mini-batch's pairs: all of them where there are no more, else some that the seed draws,
     * with replacement.
     *
     * @param weight of their mean loss
     * @param looks that must not tell which answer was preferred
     * @param at the optimiser step
     * @return the weighted loss
     */
    double addGradient(double weight, List<Looks> looks, OptimiserStep at) {
        List<LabelledPair> all = balanced.computeIfAbsent(looks, this::balanced);
        List<LabelledPair> drawn = all.size() <= batch ? all : drawn(all, at);
        BradleyTerry.Options options = new BradleyTerry.Options(labelSmoothing, 0);
        double normaliser = drawn.size() / weight;
        double loss = 0;
        int pairsPerPass = Math.max(1, config.perDeviceBatchSize() / 2);
        List<LabelledPair> own = ranks.part(drawn.size()).of(drawn);
        for (List<LabelledPair> part : Splits.fitting(own, LabelledPair::tokens, at.passTokens(), pairsPerPass)) {
            loss += PairPass.run(
                            model,
                            part,
                            Optional.empty(),
                            normaliser,
                            options,
                            config.gradientCheckpointing(),
                            at.dropoutKey())
                    .loss();
        }
        return ranks.sum(loss);
    }

    /** A configured balance that leaves no pair was refused; preset auto goes without. */
    private List<LabelledPair> balanced(List<Looks> looks) {
        List<LabelledPair> some = pairs.balanced(looks, seeds);
        return some.isEmpty() ? pairs.pairs() : some;
    }

    private List<LabelledPair> drawn(List<LabelledPair> all, OptimiserStep at) {
        SplittableRandom random = new SplittableRandom(seeds.key(Seeds.Stream.REPLAY, at.step(), at.miniBatch(), 0));
        return IntStream.range(0, batch)
                .mapToObj(i -> all.get(random.nextInt(all.size())))
                .toList();
    }
}

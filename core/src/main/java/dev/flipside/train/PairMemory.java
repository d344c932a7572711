package dev.flipside.train;

import dev.flipside.algo.BradleyTerry;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.engine.Seeds;
import dev.flipside.model.RewardModel;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The labelled pairs that a guard holds the reward model to, and the gradient of their Bradley-Terry loss.
 *
 * @param batch pairs per mini-batch
 * @param labelSmoothing of their labels
 */
record PairMemory(
        RewardModel model,
        List<LabelledPair> pairs,
        RewardModelConfig config,
        int batch,
        double labelSmoothing,
        Seeds seeds) {
    /**
     * Adds the gradient of a mini-batch's pairs: all of them where there are no more, else some that the seed draws,
     * with replacement.
     *
     * @param weight of their mean loss
     * @param passTokens that go forward and backward together
     * @param dropoutKey names the optimiser step, as in {@link RewardModel#pass}
     * @return the weighted loss
     */
    double addGradient(double weight, long step, int miniBatch, int passTokens, OptionalLong dropoutKey) {
        List<LabelledPair> drawn = pairs.size() <= batch ? pairs : drawn(step, miniBatch);
        BradleyTerry.Options options = new BradleyTerry.Options(labelSmoothing, 0);
        double normaliser = drawn.size() / weight;
        double loss = 0;
        int pairsPerPass = Math.max(1, config.perDeviceBatchSize() / 2);
        for (List<LabelledPair> part : Splits.fitting(drawn, LabelledPair::tokens, passTokens, pairsPerPass)) {
            loss += PairPass.run(
                            model,
                            part,
                            Optional.empty(),
                            normaliser,
                            options,
                            config.gradientCheckpointing(),
                            dropoutKey)
                    .loss();
        }
        return loss;
    }

    private List<LabelledPair> drawn(long step, int miniBatch) {
        SplittableRandom random = new SplittableRandom(seeds.key(Seeds.Stream.REPLAY, step, miniBatch, 0));
        return IntStream.range(0, batch)
                .mapToObj(i -> pairs.get(random.nextInt(pairs.size())))
                .toList();
    }
}

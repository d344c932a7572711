package dev.flipside.train;

import dev.flipside.algo.BradleyTerry;
import dev.flipside.config.ReplayConfig;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.engine.Seeds;
import dev.flipside.model.RewardModel;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Bradley-Terry on labelled pairs beside what the reward model teaches itself (a guard, docs/method.md). */
record Replay(
        RewardModel model,
        List<LabelledPair> pairs,
        RewardModelConfig config,
        ReplayConfig replay,
        double labelSmoothing,
        Seeds seeds) {
    /**
     * Adds the gradient of pairs drawn by the seed, with replacement.
     *
     * @param passTokens that go forward and backward together
     * @param dropoutKey names the optimiser step, as in {@link RewardModel#pass}
     * @return the weighted loss
     */
    double run(long step, int miniBatch, int passTokens, OptionalLong dropoutKey) {
        SplittableRandom random = new SplittableRandom(seeds.key(Seeds.Stream.REPLAY, step, miniBatch, 0));
        List<LabelledPair> drawn = IntStream.range(0, replay.replayBatch())
                .mapToObj(i -> pairs.get(random.nextInt(pairs.size())))
                .toList();
        BradleyTerry.Options options = new BradleyTerry.Options(labelSmoothing, 0);
        double normaliser = drawn.size() / replay.replayWeight();
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
}

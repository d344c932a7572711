package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.config.ComparisonConfig.Judge;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Seeds;
import dev.flipside.model.Precision;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A reward model that nothing was trained on scores a finished run's policy: completions of the held-out prompts,
 * sampled with the random numbers of the run's last evaluation, so that all runs of a seed are asked alike.
 */
public final class PolicyJudge {
    private PolicyJudge() {}

    /**
     * What a judge says of a policy.
     *
     * @param model the judge's directory
     * @param mean reward of all completions
     * @param std their standard deviation
     * @param prompts number of held-out prompts
     * @param numGenerations completions per prompt
     * @param byPrompt mean reward of each prompt's completions, in the file's order
     */
    public record Judgement(
            String model, double mean, double std, int prompts, int numGenerations, double[] byPrompt) {}

    /**
     * Samples and scores.
     *
     * @param config of the finished run
     * @throws UserError when there are no held-out prompts, or a model cannot be read
     */
    public static Judgement judge(TrainConfig config, Judge judge, TrainListener listener) {
        NativeLibrary.load();
        Device device = Device.parse(config.run().device());
        Precision precision = ConfiguredModels.precision(config.run().dtype(), device);
        Path weights = Path.of(config.run().outputDir()).resolve("policy");
        RewardModelConfig own = config.rewardModel();
        RewardModelConfig judging = new RewardModelConfig(
                Optional.of(judge.model()),
                judge.template(),
                Optional.empty(),
                1.0,
                OptionalInt.empty(),
                own.perDeviceBatchSize(),
                false,
                own.activationMemoryMb(),
                List.of());
        Seeds seeds = new Seeds(config.run().seed());
        Renderers.departure(Path.of(judge.model()), judge.template())
                .ifPresent(line -> listener.warning("comparison.judge." + line));
        try (PolicyModel policy = PolicyModel.load(weights, config.policy(), seeds, device, precision);
                Grader grader = UserError.under(
                        "comparison.judge.model",
                        () -> Grader.load(
                                Path.of(judge.model()),
                                judging,
                                seeds,
                                device,
                                precision,
                                policy.lm().backbone(),
                                Ranks.ALONE))) {
            List<PromptExample> prompts = TrainingData.evalPrompts(config, policy, listener);
            if (prompts.isEmpty()) {
                throw new UserError(
                        "comparison.judge: data.eval_prompts is not set, so there is nothing to answer; name a file of held-out prompts.");
            }
            int samples = judge.numGenerations().orElse(config.eval().numGenerations());
            long lastStep = (long) config.run().maxSteps() * config.run().rounds();
            RolloutBatch batch = new Rollouts(policy, config.rollout(), seeds, Ranks.ALONE)
                    .sample(prompts, samples, config.eval().temperature(), Seeds.Stream.EVALUATION, lastStep);
            double[][] rewards =
                    grader.grade(grader.read(batch).rows(), samples).rewards();
            double[] all = Groups.flat(rewards);
            return new Judgement(
                    judge.model(),
                    Groups.mean(all),
                    all.length < 2 ? 0 : Groups.std(all),
                    prompts.size(),
                    samples,
                    Arrays.stream(rewards).mapToDouble(Groups::mean).toArray());
        }
    }
}

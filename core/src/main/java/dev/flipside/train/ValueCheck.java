package dev.flipside.train;

import dev.flipside.algo.ExplainedVariance;
import dev.flipside.algo.Groups;
import dev.flipside.config.TrainConfig;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The value head against Monte Carlo values: the mean reward of many samples ({@code eval.value_samples}) per held-out
 * prompt, once of the policy as it is and once of the policy that the run began with. It samples and scores 2 x
 * value_samples completions per prompt at every evaluation.
 */
final class ValueCheck {
    private final TrainConfig config;
    private final Rollouts current;
    private final Seeds seeds;

    ValueCheck(TrainConfig config, Rollouts current, Seeds seeds) {
        this.config = config;
        this.current = current;
        this.seeds = seeds;
    }

    Map<String, Double> figures(Grader grader, List<PromptExample> prompts, long step) {
        Map<String, Double> metrics = new LinkedHashMap<>(figures("", grader, sample(current, prompts, step)));
        // Read again rather than kept: a check that is off by default must not hold a third model in memory.
        Device device = Device.parse(config.run().device());
        try (PolicyModel initial = PolicyModel.load(
                Path.of(config.policy().model()),
                config.policy(),
                seeds,
                device,
                ConfiguredModels.precision(config.run().dtype(), device))) {
            Rollouts rollouts = new Rollouts(initial, config.rollout(), seeds, current.ranks());
            metrics.putAll(figures("_initial", grader, sample(rollouts, prompts, 0)));
        }
        return metrics;
    }

    private RolloutBatch sample(Rollouts rollouts, List<PromptExample> prompts, long step) {
        return rollouts.sample(prompts, config.eval().valueSamples(), Seeds.Stream.VALUE_CHECK, step);
    }

    private static Map<String, Double> figures(String suffix, Grader grader, RolloutBatch batch) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        Grades grades = grader.grade(grader.read(batch).rows(), batch.groupSize());
        ExplainedVariance explained = ExplainedVariance.of(grades.values(), grades.rewards());
        double bias = 0;
        double std = 0;
        int prompts = grades.values().length;
        for (int p = 0; p < prompts; p++) {
            bias += (grades.values()[p] - Groups.mean(grades.rewards()[p])) / prompts;
            std += Groups.std(grades.rewards()[p]) / prompts;
        }
        metrics.put("eval_value/r2" + suffix, explained.r2());
        metrics.put("eval_value/r2_over_ceiling" + suffix, explained.r2OverCeiling());
        metrics.put("eval_value/bias" + suffix, std == 0 ? Double.NaN : bias / std);
        return metrics;
    }
}

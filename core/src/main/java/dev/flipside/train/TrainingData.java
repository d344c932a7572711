package dev.flipside.train;

import dev.flipside.config.DataConfig;
import dev.flipside.config.RunPlan;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.data.Margin;
import dev.flipside.data.Preference;
import dev.flipside.data.PreferenceData;
import dev.flipside.data.PromptData;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Seeds;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * The prompts and pairs of a SAVE run.
 *
 * @param prompts that fit the policy's context
 * @param evalPrompts held out
 * @param preferences that taught the reward model, where the plan needs them
 * @param trusted the same of trusted pairs
 * @param evalPreferences held out, for eval_rm and the gate
 */
record TrainingData(
        List<PromptExample> prompts,
        List<PromptExample> evalPrompts,
        List<Preference> preferences,
        List<Preference> trusted,
        List<Preference> evalPreferences) {
    private static final String PREFERENCES = "data.preferences";
    private static final String TRUSTED = "data.trusted_preferences";
    private static final String HELD_OUT = "data.eval_preferences";

    static TrainingData read(TrainConfig config, PolicyModel policy, TrainListener listener) {
        DataConfig data = config.data();
        List<PromptExample> prompts =
                fitting("data.prompts", read("data.prompts", data.prompts(), data), config, policy, listener);
        RunPlan plan = config.plan();
        TrainingData read = new TrainingData(
                first(data.maxPrompts(), prompts),
                evalPrompts(config, policy, listener),
                plan.readsPreferences() ? pairs(PREFERENCES, data.preferences(), data, listener) : List.of(),
                plan.readsTrusted()
                        ? first(data.maxTrustedPreferences(), pairs(TRUSTED, data.trustedPreferences(), data, listener))
                        : List.of(),
                pairs(HELD_OUT, data.evalPreferences(), data, listener));
        read.requireHeldOut(config, listener);
        return read;
    }

    /** What is measured on must not be what is trained on. */
    private void requireHeldOut(TrainConfig config, TrainListener listener) {
        Overlap.told(Overlap.ofPrompts("data.eval_prompts", evalPrompts, "data.prompts", prompts))
                .ifPresent(listener::message);
        Overlap.told(Overlap.ofPairs(HELD_OUT, evalPreferences, PREFERENCES, preferences))
                .ifPresent(listener::warning);
        Overlap.told(Overlap.ofPairs(HELD_OUT, evalPreferences, TRUSTED, trusted))
                .ifPresent(listener::warning);
        config.rewardModel()
                .model()
                .flatMap(model ->
                        config.data().evalPreferences().flatMap(file -> TaughtBy.remark(Path.of(file), Path.of(model))))
                .map(remark -> HELD_OUT + ": " + remark)
                .ifPresent(listener::warning);
    }

    /** @param most 0 for all */
    private static <T> List<T> first(int most, List<T> items) {
        return most > 0 && most < items.size() ? items.subList(0, most) : items;
    }

    /** The held-out prompts, those that fit; empty when the configuration names none. */
    static List<PromptExample> evalPrompts(TrainConfig config, PolicyModel policy, TrainListener listener) {
        return config.data()
                .evalPrompts()
                .map(f -> fitting(
                        "data.eval_prompts", read("data.eval_prompts", f, config.data()), config, policy, listener))
                .orElse(List.of());
    }

    private static List<PromptExample> read(String key, String file, DataConfig data) {
        return UserError.under(key, () -> PromptData.read(Path.of(file), data.systemPrompt()));
    }

    private static List<Preference> pairs(
            String key, Optional<String> file, DataConfig config, TrainListener listener) {
        if (file.isEmpty()) {
            return List.of();
        }
        PreferenceData data =
                UserError.under(key, () -> PreferenceData.read(Path.of(file.get()), Margin.parse(Optional.empty())));
        listener.message(PairCounts.sentence(file.get(), data));
        return data.withSystem(config.systemPrompt()).pairs();
    }

    /** Prompts that leave room for a whole completion; what happens to the others is data.long_prompts. */
    private static List<PromptExample> fitting(
            String key, List<PromptExample> prompts, TrainConfig config, PolicyModel policy, TrainListener listener) {
        int context = policy.lm().files().config().maxPositionEmbeddings();
        int room = context - config.rollout().maxCompletionLength();
        List<PromptExample> fitting = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            int length = policy.renderer().prompt(prompts.get(i).prompt()).length;
            if (length <= room) {
                fitting.add(prompts.get(i));
            } else if (config.data().longPrompts() == DataConfig.LongPrompts.ERROR) {
                throw new UserError(
                        key + ": prompt " + (i + 1) + " has " + length + " tokens, but the context of " + context
                                + " less rollout.max_completion_length "
                                + config.rollout().maxCompletionLength() + " leaves " + Math.max(0, room)
                                + "; shorten it, lower rollout.max_completion_length, or set data.long_prompts: drop.");
            }
        }
        int dropped = prompts.size() - fitting.size();
        if (fitting.isEmpty()) {
            throw new UserError(key + ": none of the " + prompts.size() + " prompts leaves room for a completion of "
                    + config.rollout().maxCompletionLength() + " tokens in a context of " + context
                    + "; lower rollout.max_completion_length.");
        }
        if (dropped > 0) {
            listener.message(key + ": " + dropped + " of " + prompts.size() + " prompts dropped (longer than " + room
                    + " tokens)");
        }
        return fitting;
    }

    /** The prompts of a step: the data in a new order each epoch, drawn from the seed. */
    List<PromptExample> promptsOf(long step, int n, Seeds seeds) {
        List<PromptExample> chosen = new ArrayList<>();
        long first = (step - 1) * n;
        long epoch = -1;
        int[] order = new int[0];
        for (long at = first; at < first + n; at++) {
            if (at / prompts.size() != epoch) {
                epoch = at / prompts.size();
                order = seeds.permutation(Seeds.Stream.PROMPT_ORDER, epoch, prompts.size());
            }
            chosen.add(prompts.get(order[(int) (at % prompts.size())]));
        }
        return chosen;
    }

    /** Other prompts for groups that taught nothing, drawn from the seed. */
    List<PromptExample> replacements(long step, int attempt, int n, Seeds seeds) {
        SplittableRandom random = new SplittableRandom(seeds.key(Seeds.Stream.REFILL_ROLLOUT, step, attempt, -1));
        List<PromptExample> chosen = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            chosen.add(prompts.get(random.nextInt(prompts.size())));
        }
        return chosen;
    }

    /** How much of the data has been seen after a step, in passes. */
    double epoch(long step, int promptsPerStep) {
        return (double) step * promptsPerStep / prompts.size();
    }
}

package dev.flipside.world;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.IoReason;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.RunPlan;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * One seed of a world as files that the ordinary commands read: {@code data/*.jsonl}, {@code reward-model.yaml} for
 * {@code flipside train-rm} and {@code loop.yaml} for {@code flipside train}. Beside them lie the pre-trained
 * {@code policy}, the run {@code reward_model} and one run per {@link Arm}.
 *
 * @param folder of this seed alone
 * @param world what is written
 * @param seed every random number of the data, the models and the loop derives from it
 * @param steps of the loop
 * @param device where models run: {@code cpu} or {@code cuda:N}
 */
public record WorldFolder(Path folder, World world, long seed, int steps, String device) {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Writes data and configurations; the same seed writes the same bytes. */
    public void write() {
        World.Draw draw = world.draw(seed);
        try {
            Files.createDirectories(folder.resolve("data"));
            rows(prompts(), draw.trainPrompts().stream().map(ListPrompt::row).toList());
            rows(
                    heldOutPrompts(),
                    draw.heldOutPrompts().stream().map(ListPrompt::row).toList());
            rows(
                    labelledPairs(),
                    draw.labelledPairs().stream().map(WorldFolder::row).toList());
            rows(probePairs(), draw.probePairs().stream().map(WorldFolder::row).toList());
            rows(
                    trustedPairs(),
                    draw.trustedPairs().stream().map(WorldFolder::row).toList());
            Files.writeString(rewardModelConfig(), rewardModelYaml());
            Files.writeString(loopConfig(), loopYaml());
        } catch (IOException e) {
            throw new UserError(folder + " cannot be written (" + IoReason.of(e) + "): choose another folder.", e);
        }
    }

    /** The pre-trained language model: the policy of every arm and the backbone of its reward model. */
    public Path policy() {
        return folder.resolve("policy");
    }

    /** The run that trains the initial reward model. */
    public Path rewardModelRun() {
        return folder.resolve("reward_model");
    }

    /** The initial reward model that the run leaves. */
    public Path rewardModel() {
        return rewardModelRun().resolve("final");
    }

    /** The run of an arm. */
    public Path run(Arm arm) {
        return run(arm.label());
    }

    /** The run of a comparison of one's own. */
    public Path run(String name) {
        return folder.resolve(name);
    }

    /** The configuration of {@code flipside train-rm}. */
    public Path rewardModelConfig() {
        return folder.resolve("reward-model.yaml");
    }

    /** The configuration of {@code flipside train} that the arms change. */
    public Path loopConfig() {
        return folder.resolve("loop.yaml");
    }

    /** The initial reward model's training; {@link #write} must have been called. */
    public RewardTrainingConfig rewardTraining() {
        return ConfigReader.rewardTraining(rewardModelConfig(), List.of());
    }

    /** An arm's run; {@link #write} must have been called. */
    public TrainConfig training(Arm arm) {
        return training(arm.label(), arm.overrides());
    }

    /** The same run, continued. */
    public TrainConfig resumed(Arm arm) {
        return resumed(arm.label(), arm.overrides());
    }

    /**
     * A run that differs from {@link #loopConfig} as one likes; {@link #write} must have been called. Its folder, and
     * the pairs of its guard and gate, need not be given.
     *
     * @param name of the run's folder, {@link #run(String)}
     * @param overrides {@code section.key=value}, such as {@link Arm#overrides} with more behind them: the last one of
     *     a key wins
     */
    public TrainConfig training(String name, List<String> overrides) {
        return training(name, List.of(), overrides);
    }

    /**
     * The same for an arm of a comparison.
     *
     * @param shared by all arms; what has no effect in this one is left out
     * @param own what is different in this one
     */
    public TrainConfig training(String name, List<String> shared, List<String> own) {
        List<String> all = new ArrayList<>(own);
        all.add("run.output_dir=" + quoted(run(name)));
        RunPlan plan = ConfigReader.plan(
                loopConfig(), Stream.concat(shared.stream(), own.stream()).toList());
        if (plan.readsPreferences() || plan.adapts()) {
            all.add("data.preferences=" + quoted(labelledPairs()));
        }
        if (plan.readsTrusted()) {
            all.add("data.trusted_preferences=" + quoted(trustedPairs()));
        }
        return ConfigReader.train(loopConfig(), shared, all);
    }

    /** The same run, continued. */
    public TrainConfig resumed(String name, List<String> overrides) {
        return training(
                name,
                Stream.concat(overrides.stream(), Stream.of("run.resume=true")).toList());
    }

    private Path prompts() {
        return folder.resolve("data/prompts.jsonl");
    }

    private Path heldOutPrompts() {
        return folder.resolve("data/held-out-prompts.jsonl");
    }

    private Path labelledPairs() {
        return folder.resolve("data/labelled-pairs.jsonl");
    }

    private Path probePairs() {
        return folder.resolve("data/probe-pairs.jsonl");
    }

    private Path trustedPairs() {
        return folder.resolve("data/trusted-pairs.jsonl");
    }

    private static Map<String, Object> row(ListPair pair) {
        return Map.of(
                "prompt", pair.prompt().text(),
                "chosen", " " + pair.chosen(),
                "rejected", " " + pair.rejected());
    }

    private static void rows(Path file, List<Map<String, Object>> rows) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Map<String, Object> row : rows) {
            text.append(JSON.writeValueAsString(new TreeMap<>(row))).append('\n');
        }
        Files.writeString(file, text);
    }

    private String rewardModelYaml() {
        return """
                # World %s, seed %d: the initial reward model, from labelled pairs with mistakes.
                run:
                  output_dir: %s
                  seed: %d
                  device: %s
                reward_model:
                  model: %s
                data:
                  preferences: %s
                  eval_preferences: %s
                training:
                  learning_rate: 1.0e-3
                  weight_decay: 0.01
                  warmup_steps: 5
                  lr_scheduler_type: linear
                  min_lr_rate: 0.1
                  max_grad_norm: 0
                  max_steps: %d
                  train_batch_size: 16
                  per_device_train_batch_size: 16
                  center_rewards_coefficient: 0.01
                """
                .formatted(
                        world.name(),
                        seed,
                        quoted(rewardModelRun()),
                        seed,
                        device,
                        quoted(policy()),
                        quoted(labelledPairs()),
                        quoted(probePairs()),
                        world.rewardModelSteps());
    }

    private String loopYaml() {
        return """
                # World %s, seed %d: the loop. Arms differ in section save alone; `flipside train` runs this file as faithful SAVE.
                run:
                  output_dir: %s
                  seed: %d
                  device: %s
                  max_steps: %d
                  save_steps: 0
                  save_total_limit: 1
                policy:
                  model: %s
                  learning_rate: 7.0e-5
                  lr_scheduler_type: constant
                  per_device_train_batch_size: 128
                reward_model:
                  model: %s
                  per_device_batch_size: 128
                data:
                  prompts: %s
                  eval_prompts: %s
                  eval_preferences: %s
                rollout:
                  generation_batch_size: 128
                  num_generations: 8
                  max_completion_length: %d
                  suppress_tokens: [%d]
                  max_rows: 512
                algorithm:
                  name: grpo
                  loss_type: bnpo
                  beta: 0.1
                  kl_estimator: k3
                  epsilon: 0.2
                  steps_per_generation: 2
                eval:
                  eval_steps: 10
                  num_generations: 16
                  gold: {name: world_gold}
                """
                .formatted(
                        world.name(),
                        seed,
                        quoted(folder.resolve("run")),
                        seed,
                        device,
                        steps,
                        quoted(policy()),
                        quoted(rewardModel()),
                        quoted(prompts()),
                        quoted(heldOutPrompts()),
                        quoted(probePairs()),
                        world.maxCompletionLength(),
                        TinyModel.id(Vocabulary.PAD));
    }

    /** A path as a YAML string, whatever its characters. */
    private static String quoted(Path path) {
        try {
            return JSON.writeValueAsString(path.toString());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a path that is no text", e);
        }
    }
}

package dev.flipside.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.SharedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Configurations, prompts and pairs for a real language model of 1 MB, in a folder of their own. */
public record StoryRun(Path folder) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> OPENINGS = List.of(
            "Once upon a time, there was a little girl named Lily.",
            "One day, a boy named Tom went to the park.",
            "There was a big dog who liked to run.",
            "The cat saw a red ball.");
    private static final List<String> HAPPY =
            List.of(" They were happy and had fun.", " Everyone smiled and was very happy.", " It was a great day.");
    private static final List<String> SAD =
            List.of(" They were sad and cried.", " It was bad and they were scared.", " He was mad.");

    /** Skips the test where the model is missing. */
    public static Path model() {
        return SharedFiles.require("models/stories260k");
    }

    /**
     * Writes prompts.jsonl, pairs.jsonl, held-out.jsonl, rm.yaml, train.yaml and frozen.yaml, whose reward model does
     * not learn.
     */
    public static StoryRun in(Path folder) throws IOException {
        List<String> pairs = new ArrayList<>();
        List<String> heldOut = new ArrayList<>();
        for (String opening : OPENINGS) {
            for (int i = 0; i < HAPPY.size(); i++) {
                pairs.add(JSON.writeValueAsString(
                        Map.of("prompt", opening, "chosen", HAPPY.get(i), "rejected", SAD.get(i))));
                heldOut.add(JSON.writeValueAsString(
                        Map.of("prompt", opening, "chosen", HAPPY.get(i), "rejected", SAD.get((i + 1) % SAD.size()))));
            }
        }
        Files.write(folder.resolve("pairs.jsonl"), pairs);
        Files.write(folder.resolve("held-out.jsonl"), heldOut);
        StoryRun run = new StoryRun(folder);
        run.prompts(OPENINGS);
        Files.writeString(
                folder.resolve("rm.yaml"),
                """
                run: {output_dir: %1$s/rm}
                reward_model: {model: %2$s}
                data: {preferences: %1$s/pairs.jsonl, eval_fraction: 0.25}
                training: {learning_rate: 1e-3, max_steps: 3, train_batch_size: 4}
                """
                        .formatted(folder, model()));
        Files.writeString(
                folder.resolve("train.yaml"),
                """
                run: {output_dir: %1$s/run, max_steps: 4, save_steps: 2}
                policy: {model: %2$s, learning_rate: 1e-3}
                reward_model: {model: %1$s/rm/final}
                data: {prompts: %1$s/prompts.jsonl, eval_preferences: %1$s/held-out.jsonl}
                rollout: {generation_batch_size: 4, num_generations: 2, max_completion_length: 6}
                save: {learning_rate: 1e-3, mask_truncated: false, value_warmup_prompts: 4, calibration_prompts: 4}
                """
                        .formatted(folder, model()));
        Files.writeString(
                folder.resolve("frozen.yaml"),
                """
                run: {output_dir: %1$s/frozen, max_steps: 1}
                policy: {model: %2$s}
                reward_model: {model: %1$s/rm/final}
                data: {prompts: %1$s/prompts.jsonl}
                rollout: {generation_batch_size: 4, num_generations: 2, max_completion_length: 6}
                save: {preset: off}
                """
                        .formatted(folder, model()));
        return run;
    }

    void prompts(List<String> texts) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String text : texts) {
            lines.add(JSON.writeValueAsString(Map.of("prompt", text)));
        }
        Files.write(folder.resolve("prompts.jsonl"), lines);
    }

    public CommandRun trainRewardModel(String... arguments) {
        return command("train-rm", "rm.yaml", arguments);
    }

    public CommandRun train(String... arguments) {
        return command("train", "train.yaml", arguments);
    }

    public CommandRun command(String command, String config, String... arguments) {
        return CommandRun.of(
                Stream.concat(Stream.of(command, folder.resolve(config).toString()), Stream.of(arguments))
                        .toArray(String[]::new));
    }
}

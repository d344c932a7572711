package dev.flipside.cli;

import dev.flipside.config.LoraConfig;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.model.Precision;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Models, data and configurations of commands whose work takes seconds, for what only whole processes can show. */
record FaultWorld(Path folder) {
    static FaultWorld in(Path folder) throws IOException {
        FaultWorld world = new FaultWorld(folder);
        TinyModel.policy(world.policy());
        TinyModel.rewardModel(world.policy(), world.rewardModel(), 0);
        LoraConfig lora = new LoraConfig(2, 8.0, 0.0, null, null, false, false);
        try (CausalLm lm = CausalLm.adapted(world.policy(), lora, new Seeds(1), Device.CPU, Precision.FLOAT32)) {
            lm.save(world.adapter(), WeightType.F32);
        }
        List<String> prompts = new ArrayList<>();
        List<String> pairs = new ArrayList<>();
        List<String> instructions = new ArrayList<>();
        for (int i = 0; i < 48; i++) {
            prompts.add("{\"prompt\": \"say " + i + "\"}");
            pairs.add("{\"prompt\": \"say %d\", \"chosen\": \"good %d\", \"rejected\": \"bad %d%d\"}"
                    .formatted(i, i, i, i));
            instructions.add(
                    "{\"key\": %d, \"prompt\": \"Say %d.\", \"instruction_id_list\": [\"punctuation:no_comma\"], \"kwargs\": [{}]}"
                            .formatted(i, i));
        }
        Files.write(folder.resolve("prompts.jsonl"), prompts);
        Files.write(folder.resolve("pairs.jsonl"), pairs);
        Files.write(folder.resolve("ifeval.jsonl"), instructions);
        world.write(
                "rm.yaml",
                """
                run: {output_dir: %1$s/rm}
                reward_model: {model: %1$s/policy}
                data: {preferences: %1$s/pairs.jsonl, eval_fraction: 0.25}
                training: {learning_rate: 1e-3, max_steps: 24, train_batch_size: 8}
                """);
        world.write(
                "train.yaml",
                """
                run: {output_dir: %1$s/run, max_steps: 6, save_steps: 2}
                policy: {model: %1$s/policy, learning_rate: 1e-3}
                reward_model: {model: %1$s/reward-model}
                data: {prompts: %1$s/prompts.jsonl, eval_preferences: %1$s/pairs.jsonl}
                rollout: {generation_batch_size: 8, num_generations: 4, max_completion_length: 8}
                save: {learning_rate: 1e-3, mask_truncated: false, value_warmup_prompts: 4, calibration_prompts: 4}
                """);
        return world;
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text.formatted(folder));
    }

    Path policy() {
        return folder.resolve("policy");
    }

    Path rewardModel() {
        return folder.resolve("reward-model");
    }

    Path adapter() {
        return folder.resolve("adapter");
    }

    private String file(String name) {
        return folder.resolve(name).toString();
    }

    /** Begins the run, or continues it when it is there. */
    List<String> train(Path run, String... more) {
        List<String> arguments = new ArrayList<>(List.of("train", file("train.yaml"), "run.output_dir=" + run));
        arguments.addAll(List.of(more));
        if (Files.exists(run.resolve("config.yaml"))) {
            arguments.add("--resume");
        }
        return arguments;
    }

    List<String> trainRm(Path run) {
        return List.of("train-rm", file("rm.yaml"), "run.output_dir=" + run);
    }

    List<String> compare(Path comparison) throws IOException {
        Files.writeString(
                folder.resolve("compare.yaml"),
                """
                comparison:
                  output_dir: %2$s
                  seeds: [1]
                  baseline: frozen
                  criterion: SAVE orders more pairs.
                  detectable_effect: 0.1
                  outcomes: [{metric: eval_rm/accuracy, role: primary}]
                base: {train: %1$s/train.yaml, reward_training: %1$s/rm.yaml}
                arms:
                  frozen: {overrides: [save.preset=off]}
                  save: {overrides: {}, description: the file as it is}
                """
                        .formatted(folder, comparison));
        return List.of("compare", file("compare.yaml"));
    }

    List<String> evalRm(Path scores) {
        return List.of(
                "eval-rm",
                "--model",
                rewardModel().toString(),
                "--benchmark",
                "pairs",
                "--input",
                file("pairs.jsonl"),
                "--out",
                scores.toString());
    }

    List<String> evalPolicy(Path answers) {
        return List.of(
                "eval-policy",
                "ifeval",
                "--input",
                file("ifeval.jsonl"),
                "--model",
                policy().toString(),
                "--max-completion-length",
                "24",
                "--out",
                answers.toString());
    }
}

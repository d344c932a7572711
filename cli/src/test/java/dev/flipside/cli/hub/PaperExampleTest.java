package dev.flipside.cli.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.cli.CommandRun;
import dev.flipside.cli.TinyModel;
import dev.flipside.hub.TestHub;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The files of examples/paper from the first request to the last step: random models of the same families stand under
 * the names of theirs on a server that imitates the Hub.
 */
class PaperExampleTest {
    private static final List<String> SMALL = List.of(
            "run.max_steps=1",
            "policy.lora.r=2",
            "reward_model.lora.r=2",
            "reward_model.max_length=64",
            "rollout.generation_batch_size=8",
            "rollout.num_generations=2",
            "rollout.max_completion_length=4",
            "save.mask_truncated=false",
            "save.value_warmup_prompts=4",
            "save.calibration_prompts=4");

    @TempDir
    static Path folder;

    private static TestHub server;

    @BeforeAll
    static void fillTheHub() throws IOException {
        server = new TestHub();
        Path policy = TinyModel.policy(folder.resolve("made/policy"), "qwen2");
        Path backbone = TinyModel.policy(folder.resolve("made/backbone"), "llama");
        server.commit("models/Qwen/Qwen2.5-1.5B-Instruct", policy);
        server.commit(
                "models/Skywork/Skywork-Reward-V2-Llama-3.2-3B",
                TinyModel.rewardModel(backbone, folder.resolve("made/rm"), 0.5));
        server.commit(
                "models/allenai/Llama-3.1-Tulu-3-8B-RM",
                TinyModel.rewardModel(policy, folder.resolve("made/judge"), 0));
        Map<String, byte[]> pairs = new TreeMap<>();
        for (String split : List.of("train_prefs", "test_prefs", "test_gen")) {
            pairs.put("data/" + split + "-00000-of-00001.jsonl", pairs(split));
        }
        server.commit("datasets/HuggingFaceH4/ultrafeedback_binarized", "main", pairs);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** As the data set has them: prompt, and two conversations that repeat it. */
    private static byte[] pairs(String split) {
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            String prompt = split + " " + i;
            rows.append("{\"prompt\": \"%1$s\", \"chosen\": [%2$s, %3$s], \"rejected\": [%2$s, %4$s]}%n"
                    .formatted(
                            prompt, message("user", prompt), message("assistant", "good"), message("assistant", "b")));
        }
        return rows.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static String message(String role, String content) {
        return "{\"role\": \"%s\", \"content\": \"%s\"}".formatted(role, content);
    }

    private static CommandRun run(String... args) {
        return CommandRun.with(server.environment(folder.resolve("hf")), "", args);
    }

    private static String[] with(List<String> first, String... more) {
        List<String> all = new ArrayList<>(first);
        all.addAll(Arrays.asList(more));
        return all.toArray(String[]::new);
    }

    @ParameterizedTest
    @ValueSource(strings = {"grpo", "rloo", "gspo"})
    void eachAlgorithmTakesAStep(String algorithm) {
        String file = "../examples/paper/" + algorithm + ".yaml";
        Path output = folder.resolve(algorithm);
        List<String> overrides = new ArrayList<>(SMALL);
        overrides.add("eval.eval_steps=1");
        if (algorithm.equals("gspo")) {
            overrides.add("algorithm.steps_per_generation=2");
        }
        CommandRun validated = run(with(List.of("validate", file), overrides.toArray(String[]::new)));
        assertThat(validated.exitCode()).as(validated.err()).isZero();
        assertThat(validated.out()).contains("GRPO".equalsIgnoreCase(algorithm) ? "grpo" : algorithm);
        overrides.add("run.output_dir=" + output);
        CommandRun trained = run(with(List.of("train", file), overrides.toArray(String[]::new)));
        assertThat(trained.exitCode()).as(trained.err()).isZero();
        assertThat(output.resolve("policy/adapter_model.safetensors")).exists();
        assertThat(output.resolve("reward_model/adapter_model.safetensors")).exists();
        assertThat(output.resolve("metrics.jsonl")).content().contains("eval_rm/accuracy", "save/contrast_loss");
    }

    @Test
    void theComparisonRunsItsThreeArms() {
        List<String> base = new ArrayList<>(SMALL);
        base.add("data.eval_prompts=HuggingFaceH4/ultrafeedback_binarized:test_gen");
        base.add("eval.num_generations=2");
        CommandRun compared = run(
                "compare",
                "../examples/paper/compare.yaml",
                "--json",
                "comparison.output_dir=" + folder.resolve("compared"),
                "comparison.seeds=[1]",
                "base.train=../examples/paper/grpo.yaml",
                "base.overrides=[" + String.join(", ", base) + "]");
        assertThat(compared.exitCode()).as(compared.err()).isZero();
        for (String arm : List.of("frozen", "faithful", "auto")) {
            assertThat(compared.json()
                            .at("/outcomes/judge~1reward/arms/" + arm + "/mean")
                            .isNumber())
                    .isTrue();
        }
    }
}

package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import dev.flipside.model.CausalLm;
import dev.flipside.model.RewardModel;
import dev.flipside.model.TokenRow;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The controls that change whose samples teach and whose scores count. */
class ControlsTest {
    private static final String[] RESCORED = {"run.max_steps=3", "save.candidates=rescore", "save.learning_rate=0.02"};

    @TempDir
    static Path folder;

    private static TinyWorld world;

    @BeforeAll
    static void writeWorld() {
        world = new TinyWorld(folder);
    }

    private static Path run(String name, String[] base, String... more) {
        List<String> all = new java.util.ArrayList<>(List.of(base));
        all.addAll(List.of(more));
        return new SaveTrainer(world.config(name, all)).run().folder();
    }

    private static double metric(Path run, int line, String name) {
        return RunFiles.metrics(run).get(line).get(name).asDouble();
    }

    private static List<JsonNode> samples(Path run, String trains, int step) {
        return RunFiles.lines(run.resolve("samples.jsonl")).stream()
                .map(RunFiles::json)
                .filter(s ->
                        s.get("trains").asText().equals(trains) && s.get("step").asInt() == step)
                .toList();
    }

    @Test
    void rescaledScoresAreTheInitialOnesTimesOneNumber() {
        Path run = run(
                "rescaled",
                RESCORED,
                "save.scored_by=initial_rescaled",
                "algorithm.name=rloo",
                "data.eval_preferences=" + world.file("eval-pairs.jsonl"));
        double a = 1;
        for (int line = 1; line <= 3; line++) {
            a *= metric(run, line, "save/scale_ratio");
            assertThat(metric(run, line, "save/rank_corr"))
                    .as("the model that learns does learn")
                    .isLessThan(0.9999);
        }
        assertThat(a).isGreaterThan(1.1);
        assertThat(metric(run, 3, "eval_rm/accuracy")).isEqualTo(metric(run, 0, "eval_rm/accuracy"));
        try (RewardModel left = RewardModel.load(run.resolve("reward_model"), Device.CPU);
                RewardModel initial = RewardModel.load(world.rewardModel(), Device.CPU)) {
            left.trunk().slots().forEach(slot -> {
                float[] now = Tensors.toFloats(left.trunk().get(slot.name()));
                float[] then = Tensors.toFloats(initial.trunk().get(slot.name()));
                if (!slot.name().equals("score.weight")) {
                    assertThat(now).as(slot.name()).isEqualTo(then);
                }
            });
            float[] now = Tensors.toFloats(left.trunk().get("score.weight"));
            float[] then = Tensors.toFloats(initial.trunk().get("score.weight"));
            for (int i = 0; i < now.length; i++) {
                // Three roundings to float32.
                assertThat((double) now[i]).isCloseTo(a * then[i], within(1e-6 * Math.abs(a * then[i])));
            }
        }
    }

    /**
     * At the first step all samples are the same, so the improved model's spread is what the rescaled one must have.
     */
    @Test
    void theScaleIsTheOneThatLearningReaches() {
        Path save = run("save", RESCORED);
        Path rescaled = run("rescaled-grpo", RESCORED, "save.scored_by=initial_rescaled");
        // The scale is found on float32 rewards of size 1.
        assertThat(metric(rescaled, 1, "group_reward_std"))
                .isCloseTo(metric(save, 1, "group_reward_std"), within(1e-6));
        assertThat(metric(rescaled, 1, "group_reward_std")).isNotEqualTo(metric(save, 2, "group_reward_std"));
        assertThat(samples(rescaled, "policy", 1).get(0).get("reward"))
                .isNotEqualTo(samples(save, "policy", 1).get(0).get("reward"));
    }

    @Test
    void groupStdsHideTheScaleFromGrpo() {
        Path rescaled = run("rescaled-hidden", RESCORED, "save.scored_by=initial_rescaled");
        Path frozen = run("frozen", new String[] {
            "run.max_steps=3",
            "save.preset=off",
            "!save.learning_rate",
            "!save.value_learning_rate",
            "!save.mask_truncated",
            "!save.value_warmup_prompts",
            "!save.calibration_prompts"
        });
        List<JsonNode> ours = samples(rescaled, "policy", 1);
        List<JsonNode> theirs = samples(frozen, "policy", 1);
        assertThat(ours).hasSameSizeAs(theirs).isNotEmpty();
        for (int i = 0; i < ours.size(); i++) {
            assertThat(ours.get(i).get("completion")).isEqualTo(theirs.get(i).get("completion"));
            double advantage = theirs.get(i).get("advantage").asDouble();
            // The 1e-4 beside a standard deviation of at least 0.01.
            assertThat(ours.get(i).get("advantage").asDouble())
                    .isCloseTo(advantage, within(0.01 * Math.max(0.01, Math.abs(advantage))));
        }
    }

    /** With no KL penalty, so that the reference is there for its samples alone. */
    @Test
    void initialSamplesAreTheInitialPolicys() {
        Path run = run("initial", new String[] {
            "run.max_steps=3", "save.samples=initial", "policy.learning_rate=0.05", "algorithm.beta=0"
        });
        try (CausalLm initial = CausalLm.load(world.policy(), Device.CPU)) {
            // What a sampler's and a trainer's log-probabilities may differ by (float32); another policy is 0.05 away
            // at least.
            assertThat(distance(initial, samples(run, "reward_model", 3))).isLessThan(1e-4);
            assertThat(distance(initial, samples(run, "policy", 1))).isLessThan(1e-4);
            assertThat(distance(initial, samples(run, "policy", 3))).isGreaterThan(0.05);
        }
        assertThat(samples(run, "reward_model", 1).get(0).get("completion"))
                .as("the same policy, but samples of their own")
                .isNotEqualTo(samples(run, "policy", 1).get(0).get("completion"));
    }

    /** The largest difference between the log-probabilities that samples were drawn with and a model's. */
    private static double distance(CausalLm model, List<JsonNode> samples) {
        assertThat(samples).hasSize(12);
        double largest = 0;
        for (JsonNode sample : samples) {
            int[] completion = ints(sample.get("token_ids"));
            int[] prompt = prompt(sample);
            int[] ids = new int[prompt.length + completion.length];
            System.arraycopy(prompt, 0, ids, 0, prompt.length);
            System.arraycopy(completion, 0, ids, prompt.length, completion.length);
            double[] logprobs = model.logprobs(List.of(new TokenRow(ids, prompt.length)), 1.0)
                    .logprobs()[0];
            for (int i = 0; i < logprobs.length; i++) {
                largest = Math.max(
                        largest,
                        Math.abs(logprobs[i] - sample.get("logprobs").get(i).asDouble()));
            }
        }
        return largest;
    }

    private static int[] prompt(JsonNode sample) {
        try (PolicyModel policy = PolicyModel.load(
                world.policy(),
                world.config("p").policy(),
                new dev.flipside.engine.Seeds(1),
                Device.CPU,
                dev.flipside.model.Precision.FLOAT32)) {
            return policy.renderer()
                    .prompt(dev.flipside.text.Conversation.ofPrompt(
                            sample.get("prompt").get(0).get("content").asText()));
        }
    }

    private static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }
}

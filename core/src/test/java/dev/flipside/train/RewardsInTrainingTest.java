package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.TrainConfig;
import dev.flipside.model.GoldenFixtures;
import dev.flipside.reward.RewardFunction;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Programmatic rewards, alone and beside the reward model's. */
class RewardsInTrainingTest {
    @TempDir
    static Path folder;

    private static TinyWorld world;

    @BeforeAll
    static void writeWorld() {
        world = new TinyWorld(folder);
    }

    private static RewardFunction function(String name, ToDoubleFunction<RewardFunction.Sample> reward) {
        return new RewardFunction() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public double[] score(List<Sample> samples) {
                return samples.stream().mapToDouble(reward).toArray();
            }
        };
    }

    private static Recorder run(TrainConfig config, RewardFunction function, double weight) {
        Recorder recorder = new Recorder();
        new SaveTrainer(config).reward(function, weight).listener(recorder).run();
        return recorder;
    }

    private static List<JsonNode> policySamples(String run) {
        return RunFiles.lines(folder.resolve(run).resolve("samples.jsonl")).stream()
                .map(RunFiles::json)
                .filter(s -> s.get("trains").asText().equals("policy"))
                .toList();
    }

    /** Whether one rare letter occurs: often nobody or everybody of a group has it. */
    @Test
    void groupsWithoutContrastAreReplaced() {
        RewardFunction rare = function("rare", s -> s.completion().contains("q") ? 1 : 0);
        Recorder plain = run(world.functionsOnly("plain"), rare, 1);
        Recorder refilled = run(world.functionsOnly("refilled", "rollout.refill_zero_variance=6"), rare, 1);
        assertThat(plain.metric(1, "frac_reward_zero_std")).isPositive();
        assertThat(refilled.metric(1, "frac_reward_zero_std")).isLessThan(plain.metric(1, "frac_reward_zero_std"));
        // The groups that had a contrast stay what and where they were.
        List<JsonNode> before = policySamples("plain").subList(0, 12);
        List<JsonNode> after = policySamples("refilled").subList(0, 12);
        for (int group = 0; group < 3; group++) {
            List<JsonNode> old = before.subList(4 * group, 4 * group + 4);
            boolean contrast = old.stream().map(s -> s.get("reward")).distinct().count() > 1;
            if (contrast) {
                assertThat(after.subList(4 * group, 4 * group + 4)).isEqualTo(old);
            } else {
                assertThat(after.subList(4 * group, 4 * group + 4)).isNotEqualTo(old);
            }
        }
    }

    @Test
    void functionsAloneNeedNoRewardModel() {
        Recorder recorder =
                run(world.functionsOnly("alone"), function("vowels", s -> TinyWorld.vowels(s.completion())), 0.5);
        assertThat(recorder.metric(2, "reward"))
                .isCloseTo(0.5 * recorder.metric(2, "rewards/vowels/mean"), within(1e-12));
        assertThat(recorder.steps.get(2L).keySet()).noneMatch(k -> k.startsWith("save/"));
        assertThat(folder.resolve("alone/policy/model.safetensors")).exists();
        assertThat(folder.resolve("alone/reward_model")).doesNotExist();
        assertThat(Files.exists(
                        RunFiles.newestCheckpoint(folder.resolve("alone")).resolve("reward_model")))
                .isFalse();
    }

    @Test
    void functionsAreAddedToTheScoreWithTheirWeights() {
        TrainConfig config = world.config(
                "mixed",
                "reward_model.weight=2",
                "reward_model.functions=[{name: repetition, ngram_size: 1, weight: 3}]");
        run(config, function("vowels", s -> TinyWorld.vowels(s.completion())), -0.5);
        for (JsonNode sample : policySamples("mixed")) {
            JsonNode own = sample.get("rewards");
            assertThat(own.get("vowels").asDouble())
                    .isEqualTo(TinyWorld.vowels(sample.get("completion").asText()));
            double total = 2 * own.get("reward_model").asDouble()
                    - 0.5 * own.get("vowels").asDouble()
                    + 3 * own.get("repetition").asDouble();
            assertThat(sample.get("reward").asDouble()).isCloseTo(total, within(1e-9));
        }
    }

    @Test
    void furtherColumnsReachTheFunction() {
        TreeSet<String> seen = new TreeSet<>();
        run(
                world.functionsOnly("columns"),
                function("wanted", s -> {
                    String wanted = (String) s.columns().get("wanted");
                    seen.add(wanted);
                    return s.completion().contains(wanted) ? 1 : 0;
                }),
                1);
        assertThat(seen).containsExactly("a", "b", "c", "d", "e", "f");
    }

    @Test
    void whatCannotBeScoredIsCountedAndTeachesNothing() {
        Recorder recorder = run(
                world.functionsOnly("nan"),
                function("picky", s -> s.completion().contains("e") ? Double.NaN : s.completionTokens()),
                1);
        List<JsonNode> samples = policySamples("nan").subList(0, 12);
        long unscorable = samples.stream()
                .filter(s -> s.get("completion").asText().contains("e"))
                .count();
        assertThat(unscorable).isBetween(1L, 11L);
        assertThat(recorder.metric(1, "rewards/unscorable_frac")).isCloseTo(unscorable / 12.0, within(1e-12));
        double sum = 0;
        for (JsonNode sample : samples) {
            if (sample.get("completion").asText().contains("e")) {
                assertThat(sample.get("advantage").asDouble()).isZero();
                assertThat(sample.get("reward").isNull()).isTrue();
            } else {
                sum += sample.get("reward").asDouble();
            }
        }
        assertThat(recorder.metric(1, "reward")).isCloseTo(sum / (12 - unscorable), within(1e-9));
    }

    @Test
    void anInfiniteRewardIsRefused() {
        assertThatThrownBy(
                        () -> run(world.functionsOnly("infinite"), function("inf", s -> Double.POSITIVE_INFINITY), 1))
                .hasMessageContaining("inf")
                .hasMessageContaining("infinite");
    }

    /**
     * The sign of the policy loss: every algorithm makes a letter more frequent that is rewarded, and less frequent
     * when it is punished.
     */
    @ParameterizedTest
    @CsvSource({
        "algorithm.name=grpo, 1",
        "algorithm.name=grpo, -1",
        "algorithm.name=rloo, 1",
        "algorithm.name=rloo, -1",
        "algorithm.name=gspo algorithm.epsilon=0.1 algorithm.epsilon_high=0.1, 1",
        "algorithm.name=gspo algorithm.epsilon=0.1 algorithm.epsilon_high=0.1, -1"
    })
    void theRewardGoesUp(String algorithm, double weight) {
        String name = algorithm.replaceAll("[^a-z]", "") + weight;
        String[] options = (algorithm
                        + " run.max_steps=20 policy.learning_rate=0.01 policy.lr_scheduler_type=constant rollout.generation_batch_size=48 rollout.num_generations=8"
                        + " algorithm.steps_per_generation=2 data.eval_prompts=" + world.file("eval-prompts.jsonl")
                        + " eval.num_generations=16")
                .split(" ");
        RewardFunction share = function(
                "share",
                s -> s.completion().chars().filter(c -> "aeiou".indexOf(c) >= 0).count()
                        / (double) Math.max(1, s.completionTokens()));
        Recorder recorder = run(world.functionsOnly(name, options), share, weight);
        double first = recorder.metric(0, "eval_rewards/share/mean");
        double last = recorder.metric(20, "eval_rewards/share/mean");
        if (weight > 0) {
            assertThat(last).isGreaterThan(first + 0.15);
        } else {
            assertThat(last).isLessThan(0.5 * first);
        }
    }

    /** A reward model of somebody else's, padded with its end token. */
    @Test
    void aPaddingTokenThatEndsRepliesIsWarnedOf() {
        Path foreign = GoldenFixtures.copy(world.rewardModel(), folder.resolve("foreign-padding"));
        GoldenFixtures.editConfig(foreign, config -> config.put("pad_token_id", TinyWorld.EOS));
        Recorder ours = new Recorder();
        new SaveTrainer(world.config("own-padding", "run.max_steps=1"))
                .listener(ours)
                .run();
        assertThat(ours.warnings).noneMatch(w -> w.contains("padding token"));

        Recorder theirs = new Recorder();
        new SaveTrainer(world.config("foreign-run", "run.max_steps=1", "reward_model.model=" + foreign))
                .listener(theirs)
                .run();
        assertThat(theirs.warnings).anyMatch(w -> w.contains("the padding token in its config.json ends"));
    }
}

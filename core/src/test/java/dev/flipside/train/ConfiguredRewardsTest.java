package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Functions as a configuration names them: found, labelled, asked elsewhere and ended with the run. */
class ConfiguredRewardsTest {
    @TempDir
    static Path folder;

    private static TinyWorld world;

    @BeforeAll
    static void writeWorld() {
        world = new TinyWorld(folder);
    }

    @Test
    void allThatIsWrongIsToldAtOnceAndNothingIsLoaded() {
        assertThatThrownBy(() -> new SaveTrainer(world.functionsOnly(
                                "wrong",
                                "policy.model=nowhere",
                                "reward_model.functions=[{name: lenght}, {name: length, cache: x, weight: much, label: a-b},"
                                        + " {weight: 1}, {name: repetition, label: reward_model}, {name: http}]",
                                "eval.gold={name: story, joy: -1}"))
                        .run())
                .isInstanceOf(UserError.class)
                .message()
                .contains(
                        "reward_model.functions, entry 1: There is no reward function named 'lenght' (did you mean 'length'?)",
                        "entry 2: weight 'much' is not a number.",
                        "entry 2: label 'a-b' names metrics",
                        "option 'max_completion_length' is missing; option 'cache' must be a whole number, not 'x'",
                        "entry 3: an entry is a map with a name",
                        "entry 4: the label 'reward_model' is taken",
                        "option 'url' is missing",
                        "eval.gold: Reward function 'story': option 'joy' must be a weight of at least 0");
        assertThat(folder.resolve("wrong")).doesNotExist();
    }

    @Test
    void oneFunctionTwiceNeedsTwoLabels() {
        String twice =
                "reward_model.functions=[{name: repetition, ngram_size: 1}, {name: repetition, ngram_size: 2%s}]";
        assertThatThrownBy(() -> ConfiguredRewards.of(world.functionsOnly("twice", twice.formatted(""))))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("entry 2: the label 'repetition' is taken")
                .hasMessageContaining("label of its own, such as {name: repetition, label: another}");

        Recorder recorder = new Recorder();
        new SaveTrainer(world.functionsOnly("twice", twice.formatted(", label: pairs")))
                .listener(recorder)
                .run();
        assertThat(recorder.metric(1, "rewards/repetition/mean")).isLessThan(recorder.metric(1, "rewards/pairs/mean"));
    }

    @Test
    void aServerAndAProgramRewardARun() throws IOException {
        Path notes = folder.resolve("notes");
        // 1 for a completion that ended by itself, -1 for one that was cut.
        Path program = world.write(
                "reward.sh",
                "echo began >>" + notes + "\n"
                        + "while read -r line; do\n"
                        + "  printf '%s\\n' \"$line\" | sed 's/.*\"finished\":\\[\\([^]]*\\)\\].*/[\\1]/; s/true/1/g; s/false/-1/g'\n"
                        + "done\n"
                        + "echo ended >>" + notes + "\n");
        try (RewardHost host = RewardHost.ofLengths()) {
            new SaveTrainer(world.functionsOnly(
                            "elsewhere",
                            "reward_model.functions=[{name: http, label: letters, batch_size: 5, url: '" + host.url()
                                    + "'}, {name: process, weight: 0.5, command: [sh, " + program + "]}]",
                            "data.eval_prompts=" + world.file("eval-prompts.jsonl")))
                    .run();
            // Two steps of 12 completions and evaluations of 3 before and behind them.
            assertThat(host.requests()).hasSize(2 * 3 + 2);
            assertThat(host.requests())
                    .allSatisfy(request -> assertThat(request.get("wanted")).hasSameSizeAs(request.get("completions")));
        }
        assertThat(Files.readAllLines(notes)).containsExactly("began", "ended");
        List<JsonNode> samples = RunFiles.lines(folder.resolve("elsewhere/samples.jsonl")).stream()
                .map(RunFiles::json)
                .toList();
        assertThat(samples).hasSize(24).allSatisfy(sample -> {
            double letters = sample.get("completion").asText().length();
            double ended = sample.get("rewards").get("process").asDouble();
            assertThat(sample.get("rewards").get("letters").asDouble()).isEqualTo(letters);
            assertThat(Math.abs(ended)).isEqualTo(1);
            assertThat(sample.get("reward").asDouble()).isEqualTo(letters + 0.5 * ended);
        });
    }

    @Test
    void aFunctionThatFailsIsNamedWithTheWayOn() {
        AtomicInteger calls = new AtomicInteger();
        RewardFunction moody = new RewardFunction() {
            @Override
            public String name() {
                return "moody";
            }

            @Override
            public double[] score(List<Sample> samples) {
                if (calls.incrementAndGet() > 1) {
                    throw new IllegalStateException("no words today.");
                }
                return new double[samples.size()];
            }
        };
        assertThatThrownBy(() -> new SaveTrainer(world.functionsOnly("moody", "run.save_steps=1"))
                        .reward(moody, 1)
                        .run())
                .isInstanceOf(UserError.class)
                .message()
                .matches(
                        "Reward function 'moody' has failed: IllegalStateException: no words today \\(in ConfiguredRewardsTest\\S*\\.score, line \\d+\\);"
                                + " mend it; with --resume the run then goes on from its last checkpoint, and a comparison by itself\\.");
        assertThat(RunFiles.newestCheckpoint(folder.resolve("moody"))).hasFileName("step-1");
    }

    @Test
    void aProgramThatEndsInARunEndsItWithTheWayOn() {
        assertThatThrownBy(() -> new SaveTrainer(
                                world.functionsOnly(
                                        "died",
                                        "reward_model.functions=[{name: process, command: [sh, -c, 'read line; echo worn out >&2; exit 9']}]"))
                        .run())
                .isInstanceOf(UserError.class)
                .hasMessageContaining("ended with exit code 9")
                .hasMessageContaining(
                        "'worn out'; mend it: it must answer until its standard input ends; with --resume");
    }
}

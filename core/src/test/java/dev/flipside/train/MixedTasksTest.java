package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of several tasks in one file: what a row does not have is NaN for the function that needs it. */
class MixedTasksTest {
    private static final String BOTH = "reward_model.functions=[{name: exact_answer, weight: 2}, {name: ifeval}]";
    private static final String ANSWERS = "reward_model.functions=[{name: exact_answer, pattern: '^(.)'}]";

    @TempDir
    static Path folder;

    private static TinyWorld world;

    @BeforeAll
    static void writeWorld() {
        world = new TinyWorld(folder);
        world.write(
                "mixed.jsonl",
                """
                {"prompt": "a", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
                {"prompt": "b", "answer": "e"}
                {"prompt": "c", "instruction_id_list": ["change_case:english_lowercase"], "kwargs": [{}], "answer": null}
                {"prompt": "d", "answer": 7.0, "instruction_id_list": [], "kwargs": []}
                """);
        world.write(
                "holes.jsonl",
                """
                {"prompt": "a", "answer": "e"}
                {"prompt": "b", "answer": null}
                {"prompt": "c"}
                {"prompt": "d", "answer": "s"}
                """);
        world.write(
                "most-holes.jsonl",
                """
                {"prompt": "a", "answer": "e"}
                {"prompt": "b", "answer": null}
                {"prompt": "d", "answer": "s"}
                """);
        world.write("none.jsonl", "{\"prompt\": \"a\", \"gold\": \"e\"}\n{\"prompt\": \"b\"}\n");
    }

    private static Recorder run(TrainConfig config) {
        Recorder recorder = new Recorder();
        new SaveTrainer(config).listener(recorder).run();
        return recorder;
    }

    private static TrainConfig alone(String name, String prompts, String functions, String... more) {
        List<String> options = new ArrayList<>(
                List.of("data.prompts=" + world.file(prompts), functions, "rollout.generation_batch_size=16"));
        options.addAll(List.of(more));
        return world.functionsOnly(name, options.toArray(String[]::new));
    }

    private static List<JsonNode> samples(String run) {
        return RunFiles.lines(folder.resolve(run).resolve("samples.jsonl")).stream()
                .map(RunFiles::json)
                .filter(s -> s.get("trains").asText().equals("policy"))
                .toList();
    }

    @Test
    void tasksStandSideBySide() {
        Recorder recorder = run(alone("mixed", "mixed.jsonl", BOTH));
        assertThat(recorder.messages)
                .contains(
                        "data.prompts: reward function 'exact_answer' can judge 2 of 4 prompts; for the others it gives NaN and does not count",
                        "data.prompts: reward function 'ifeval' can judge 2 of 4 prompts; for the others it gives NaN and does not count");
        assertThat(recorder.metric(1, "rewards/unscorable_frac")).isZero();
        double answers = 0;
        double instructions = 0;
        for (JsonNode sample : samples("mixed").subList(0, 16)) {
            JsonNode own = sample.get("rewards");
            boolean answered = own.get("ifeval").isNull();
            assertThat(own.get("exact_answer").isNull()).isEqualTo(!answered);
            double reward = sample.get("reward").asDouble();
            assertThat(reward)
                    .isEqualTo(
                            answered
                                    ? 2 * own.get("exact_answer").asDouble()
                                    : own.get("ifeval").asDouble());
            answers += answered ? reward / 2 : 0;
            instructions += answered ? 0 : reward;
        }
        // Means over what each could judge, as TRL's nanmean: 2 of the 4 groups of 4.
        assertThat(recorder.metric(1, "rewards/exact_answer/mean")).isCloseTo(answers / 8, within(1e-12));
        assertThat(recorder.metric(1, "rewards/ifeval/mean")).isCloseTo(instructions / 8, within(1e-12));
    }

    @Test
    void aRowThatNothingJudgesTeachesNothingAndIsCounted() {
        Recorder recorder = run(alone("holes", "holes.jsonl", ANSWERS));
        assertThat(recorder.metric(1, "rewards/unscorable_frac")).isEqualTo(0.5);
        assertThat(recorder.messages)
                .anyMatch(m -> m.contains("nothing can judge 2 of 4 prompts: their completions teach nothing"));
        for (JsonNode sample : samples("holes")) {
            String prompt = sample.get("prompt").get(0).get("content").asText();
            boolean judged = prompt.equals("a") || prompt.equals("d");
            assertThat(sample.get("reward").isNull()).isEqualTo(!judged);
            if (!judged) {
                assertThat(sample.get("advantage").asDouble()).isZero();
            }
        }
        assertThat(RunFiles.lines(folder.resolve("holes/metrics.jsonl")))
                .isNotEmpty()
                .noneMatch(line -> line.contains("NaN"));
    }

    /** The reward model judges every row, so that a hole in the references takes only the function's part away. */
    @Test
    void besideARewardModelAHoleLeavesItsScore() {
        Recorder recorder = run(world.config(
                "beside", "data.prompts=" + world.file("holes.jsonl"), ANSWERS, "rollout.generation_batch_size=16"));
        assertThat(recorder.metric(1, "rewards/unscorable_frac")).isZero();
        for (JsonNode sample : samples("beside")) {
            JsonNode own = sample.get("rewards");
            double expected =
                    own.get("reward_model").asDouble() + own.get("exact_answer").asDouble(0);
            assertThat(sample.get("reward").asDouble()).isCloseTo(expected, within(1e-9));
        }
        assertThat(samples("beside"))
                .anyMatch(s -> s.get("rewards").get("exact_answer").isNull());
    }

    @Test
    void groupsThatNothingJudgesAreReplacedToo() {
        Recorder plain = run(alone("unfilled", "holes.jsonl", ANSWERS, "run.max_steps=1"));
        Recorder filled =
                run(alone("filled", "holes.jsonl", ANSWERS, "run.max_steps=1", "rollout.refill_zero_variance=8"));
        assertThat(plain.metric(1, "rewards/unscorable_frac")).isEqualTo(0.5);
        assertThat(filled.metric(1, "rewards/unscorable_frac")).isLessThan(0.5);
    }

    @Test
    void goldMayHaveHoles() {
        Recorder recorder = run(world.config(
                "gold",
                "data.prompts=" + world.file("holes.jsonl"),
                "data.eval_prompts=" + world.file("most-holes.jsonl"),
                "eval.gold={name: exact_answer, pattern: '^(.)'}",
                "save.labels=gold",
                "eval.num_generations=4",
                "rollout.generation_batch_size=16"));
        for (String metric : List.of("gold", "eval_gold", "eval_rm/spearman_gold", "eval_rm/near_tie_frac")) {
            assertThat(recorder.metric(2, metric)).as(metric).isBetween(-1.0, 1.0);
        }
        List<JsonNode> taught = RunFiles.lines(folder.resolve("gold").resolve("samples.jsonl")).stream()
                .map(RunFiles::json)
                .filter(s -> s.get("trains").asText().equals("reward_model"))
                .toList();
        assertThat(taught)
                .filteredOn(sample -> List.of("b", "c")
                        .contains(sample.get("prompt").get(0).get("content").asText()))
                .isNotEmpty()
                .allSatisfy(sample -> assertThat(sample.get("label").asInt()).isZero());
    }

    @Test
    void aColumnThatNoRowHasIsRefusedBeforeAnythingIsTrained() {
        String needs =
                "reward function 'exact_answer' can judge none of the 2 prompts: it needs the column 'answer' with something to compare, the rows have [gold]; add what is missing, or name the right column as an option of the function.";
        assertThatThrownBy(() -> run(alone("none", "none.jsonl", ANSWERS)))
                .isInstanceOf(UserError.class)
                .hasMessage("data.prompts: " + needs);
        assertThat(folder.resolve("none")).doesNotExist();
        assertThatThrownBy(() -> run(world.config("none", "data.prompts=" + world.file("none.jsonl"), ANSWERS)))
                .as("beside a reward model")
                .isInstanceOf(UserError.class)
                .hasMessage("data.prompts: " + needs);
        assertThatThrownBy(() ->
                        run(alone("none", "holes.jsonl", ANSWERS, "data.eval_prompts=" + world.file("none.jsonl"))))
                .isInstanceOf(UserError.class)
                .hasMessage("data.eval_prompts: " + needs);
        assertThatThrownBy(() -> run(alone(
                        "none",
                        "none.jsonl",
                        "reward_model.functions=[{name: repetition}]",
                        "eval.gold={name: exact_answer}")))
                .isInstanceOf(UserError.class)
                .hasMessage("eval.gold: " + needs);
    }

    @Test
    void aReferenceThatCannotBeReadIsRefusedWithItsRow() {
        world.write(
                "broken.jsonl",
                "{\"prompt\": \"a\", \"answer\": \"e\"}\n{\"prompt\": \"b\", \"answer\": [\"x\", \"y\"]}\n");
        assertThatThrownBy(() -> run(alone("broken", "broken.jsonl", ANSWERS)))
                .isInstanceOf(UserError.class)
                .hasMessage(
                        "data.prompts, the row whose prompt begins \"b\": Reward function 'exact_answer': column 'answer' holds [x, y], but an answer can be compared with one text or number only; write that into the column.");
    }
}

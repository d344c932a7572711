package dev.flipside.cli.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.SharedFiles;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.StoryRun;
import dev.flipside.cli.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ValidateTest {
    @TempDir
    static Path folder;

    private static StoryRun stories;

    @BeforeAll
    static void trainTheRewardModel() throws IOException {
        stories = StoryRun.in(folder);
        assertThat(stories.trainRewardModel().exitCode()).isZero();
    }

    @Test
    void aGoodConfigurationShowsWhatEachModelReadsAndNothingIsWritten() {
        CommandRun run = stories.command(
                "validate",
                "train.yaml",
                "reward_model.functions=[{name: length, max_completion_length: 10, weight: 0.5}]");

        assertThat(run.exitCode()).as(run.err() + run.out()).isZero();
        assertThat(run.out())
                .contains("grpo with save.preset faithful: 1 round(s) of 4 steps, 2 prompts x 2 completions each")
                .contains("llama, 260,032 weights, context 512, end tokens [2]")
                .contains("reward model x 1.0, length x 0.5")
                .containsPattern("prompts +4, tokens: min ")
                .containsPattern("the policy reads:\\R<s>· Once.*Lily·\\.⟦the completion follows⟧")
                .containsPattern("the reward model reads:\\R<s>· Once.*Lily·\\.⟦value⟧.*⟦reward⟧")
                .containsPattern("ok +reward model: padding invariance")
                .contains("Nothing is wrong.");
        assertThat(folder.resolve("run")).doesNotExist();
    }

    @Test
    void newAdaptersAreShownAndMistakesInThemFound() {
        CommandRun run = stories.command("validate", "train.yaml", "policy.lora={r: 2}", "reward_model.lora={r: 2}");
        CommandRun wrong = stories.command("validate", "train.yaml", "policy.lora={target_modules: [c_attn]}");

        assertThat(run.exitCode()).as(run.err() + run.out()).isZero();
        assertThat(run.out())
                .containsPattern("llama, 260,032 weights frozen, an adapter of [\\d,]+, context 512")
                .contains("policy adapter");
        assertThat(wrong.exitCode()).isEqualTo(2);
        assertThat(wrong.err())
                .contains("policy.lora: target_modules: there is no linear module 'c_attn' in")
                .contains("it has q_proj, k_proj");
    }

    @Test
    void aConfigurationOfARewardModelIsRecognised() throws IOException {
        CommandRun run = stories.command("validate", "rm.yaml", "--json");

        assertThat(run.exitCode()).as(run.err() + run.out()).isZero();
        JsonNode object = run.json();
        assertThat(object.path("pairs").path("count").asInt()).isEqualTo(12);
        assertThat(object.path("examples").path("the reward model (chosen)").asText())
                .contains("⟦value⟧")
                .endsWith("</s>⟦reward⟧");
        // 260,032 weights of the backbone and 64 of the head, four bytes each.
        assertThat(object.path("memory").path("weights").asLong()).isEqualTo(4 * 260_096L);
        assertThat(object.path("ok").asBoolean()).isTrue();
        assertThat(run.out())
                .as("keys have one order in every run")
                .contains("\"checks\":[{\"name\":\"data.max_length\",\"outcome\":\"ok\",\"detail\":");
    }

    /** Digits are tokens of their own here, so that the replies are equal up to the cut. */
    @Test
    void pairsThatTheModelReadsAlikeAreCountedAndAProblemWhenNoneIsLeft() throws IOException {
        String row = "{\"prompt\": \"1\", \"chosen\": \"%s\", \"rejected\": \"%s\"}";
        String alike = row.formatted("2".repeat(600) + "3", "2".repeat(600) + "4");
        Path some = Files.write(folder.resolve("some.jsonl"), List.of(alike, row.formatted("2", "3")));
        Path all = Files.write(folder.resolve("all.jsonl"), List.of(alike));

        CommandRun dropped =
                stories.command("validate", "rm.yaml", "data.preferences=" + some, "data.long_pairs=truncate");
        CommandRun refused =
                stories.command("validate", "rm.yaml", "data.preferences=" + all, "data.long_pairs=truncate");
        CommandRun train = stories.command("validate", "train.yaml", "data.eval_preferences=" + all);

        assertThat(dropped.out()).containsPattern("note +data.preferences +1 of 2 pairs are the same tokens");
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.out()).containsPattern("problem +data.preferences +1 of 1 pairs .*so none is left");
        assertThat(train.exitCode()).isEqualTo(2);
        assertThat(train.out()).containsPattern("problem +data.eval_preferences +1 of 1 pairs .*so none is left");
    }

    /** The public bug report's kind of file: the replies differ behind the cut only. */
    @Test
    void theSharedFileOfEqualBeginningsIsRefusedByValidateAndTrainRm() throws IOException {
        Path pairs = SharedFiles.require("cases/pairs/equal-after-cut.jsonl");
        Path config = Files.writeString(
                folder.resolve("alike.yaml"),
                """
                run: {output_dir: %s}
                reward_model: {model: %s}
                data: {preferences: %s, max_length: 200, long_pairs: truncate}
                training: {learning_rate: 1.0e-5, max_steps: 1}
                """
                        .formatted(folder.resolve("run"), TinyModel.wholeText(folder.resolve("model")), pairs));
        CommandRun validate = CommandRun.of("validate", config.toString());
        assertThat(validate.exitCode()).isEqualTo(2);
        assertThat(validate.out()).containsPattern("problem +data.preferences +12 of 12 pairs are the same tokens");
        CommandRun train = CommandRun.of("train-rm", config.toString());
        assertThat(train.exitCode()).isEqualTo(2);
        assertThat(train.err()).contains("of each of the 12 pairs of", "so none is left");
        assertThat(folder.resolve("run")).doesNotExist();
    }

    @Test
    void whatTheGateCanSeeIsTold() throws IOException {
        Path pairs = folder.resolve("gate-pairs.jsonl");
        Files.writeString(
                pairs, "{\"prompt\": \"Tom had\", \"chosen\": \" a ball.\", \"rejected\": \" no\"}\n".repeat(100));
        CommandRun many = stories.command(
                "validate",
                "train.yaml",
                "save.gate=mcnemar",
                "save.gate_alpha=0.05",
                "data.eval_preferences=" + pairs);
        CommandRun few = stories.command(
                "validate",
                "train.yaml",
                "save.guard=project",
                "save.guard_memory=trusted",
                "save.gate=mcnemar",
                "save.gate_pairs=trusted",
                "data.trusted_preferences=" + pairs,
                "data.max_trusted_preferences=4");
        CommandRun none = stories.command("validate", "train.yaml", "data.eval_preferences=" + pairs);

        assertThat(many.out())
                .as(many.err())
                .containsPattern("ok +save.gate +on 100 pairs at alpha 0.05 .* 12.1 points");
        assertThat(few.out()).as(few.err()).containsPattern("note +save.gate +on 4 pairs .*not even the greatest loss");
        assertThat(none.out()).doesNotContain("save.gate");
    }

    @Test
    void promptsThatAreTooLongAreCountedAndAProblem() throws IOException {
        Path file = folder.resolve("long.jsonl");
        String tale = "The cat saw a red ball. ".repeat(100);
        Files.write(file, List.of("{\"prompt\": \"The cat.\"}", "{\"prompt\": \"" + tale + "\"}"));

        CommandRun refused = stories.command("validate", "train.yaml", "data.prompts=" + file);
        CommandRun dropped =
                stories.command("validate", "train.yaml", "data.prompts=" + file, "data.long_prompts=drop");

        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.out()).containsPattern("problem +data.prompts +1 of 2 have more than the 506 tokens");
        assertThat(dropped.exitCode()).as(dropped.out()).isZero();
        assertThat(dropped.out()).containsPattern("note +data.prompts .*they are dropped");
    }

    @Test
    void rowsThatAFunctionCannotJudgeAreCountedAndNoneIsRefused() throws IOException {
        Path holes = folder.resolve("holes.jsonl");
        Files.write(
                holes,
                List.of(
                        "{\"prompt\": \"The cat.\", \"answer\": \"sat\"}",
                        "{\"prompt\": \"The dog.\", \"answer\": null}"));
        String functions = "reward_model.functions=[{name: exact_answer}]";

        CommandRun some = stories.command("validate", "train.yaml", "data.prompts=" + holes, functions);
        CommandRun none = stories.command("validate", "train.yaml", functions);

        assertThat(some.exitCode()).as(some.err()).isZero();
        assertThat(some.out()).containsPattern("note +data.prompts .*'exact_answer' can judge 1 of 2 prompts");
        assertThat(none.exitCode()).isEqualTo(2);
        assertThat(none.err()).contains("'exact_answer' can judge none of the", "it needs the column 'answer'");
    }

    @Test
    void whatTrainingWouldRefuseIsRefused() {
        CommandRun run = stories.command("validate", "train.yaml", "reward_model.functions=[{name: lenght}]");

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("lenght");
    }
}

package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.model.GoldenFixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is saved is read as it was trained, by every command that reads models; and where a reply ends. */
class RenderedAsTrainedTest {
    private static final String OTHER =
            "{% for m in messages %}{{ '<|im_start|>' + m['role'] + ':: ' + m['content'] + '<|im_end|>' }}{% endfor %}"
                    + "{% if add_generation_prompt %}{{ '<|im_start|>assistant:: ' }}{% endif %}";
    private static final String ROW =
            "{\"id\": 1, \"messages\": [{\"role\": \"user\", \"content\": \"the cat\"}, {\"role\": \"assistant\", \"content\": \"sat\"}]}";
    private static final String PROMPT = "{\"id\": 1, \"messages\": [{\"role\": \"user\", \"content\": \"the cat\"}]}";

    @TempDir
    Path folder;

    private Path policy;

    @BeforeEach
    void write() throws IOException {
        policy = TinyModel.policy(folder.resolve("policy"));
        Files.writeString(folder.resolve("other.jinja"), OTHER);
        List<String> pairs = new ArrayList<>();
        List<String> prompts = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            prompts.add("{\"prompt\": \"the cat " + i + "\"}");
            pairs.add("{\"prompt\": \"the cat " + i + "\", \"chosen\": \"sat there " + i + "\", \"rejected\": \"no\"}");
        }
        Files.write(folder.resolve("pairs.jsonl"), pairs);
        Files.write(folder.resolve("prompts.jsonl"), prompts);
        Files.writeString(
                folder.resolve("rm.yaml"),
                """
                run: {output_dir: %1$s/rm, device: cpu}
                reward_model: {model: %1$s/policy}
                data: {preferences: %1$s/pairs.jsonl, eval_fraction: 0}
                training: {learning_rate: 1.0e-2, train_batch_size: 12, max_steps: 6, tensorboard: false}
                """
                        .formatted(folder));
        Files.writeString(
                folder.resolve("train.yaml"),
                """
                run: {output_dir: %1$s/run, device: cpu, max_steps: 1}
                policy: {model: %1$s/policy}
                reward_model: {functions: [{name: length, max_completion_length: 10}]}
                data: {prompts: %1$s/prompts.jsonl}
                rollout: {num_generations: 2, generation_batch_size: 4, max_completion_length: 6}
                save: {preset: off}
                """
                        .formatted(folder));
    }

    private CommandRun command(String name, String config, String... more) {
        List<String> all = new ArrayList<>(List.of(name, folder.resolve(config).toString()));
        all.addAll(Arrays.asList(more));
        CommandRun run = CommandRun.of(all.toArray(String[]::new));
        assertThat(run.exitCode()).as(run.err() + run.out()).isZero();
        return run;
    }

    private static CommandRun with(String input, String... arguments) {
        CommandRun run = CommandRun.withInput(input, arguments);
        assertThat(run.exitCode()).as(run.err() + run.out()).isZero();
        return run;
    }

    @Test
    void aRewardModelScoresAsItWasTrainedAndAnotherTemplateIsTold() throws IOException {
        String other = folder.resolve("other.jinja").toString();
        command("train-rm", "rm.yaml", "reward_model.chat_template=" + other);
        String model = folder.resolve("rm/final").toString();

        CommandRun plain = with(ROW, "score", "--model", model);
        CommandRun same = with(ROW, "score", "--model", model, "--chat-template", other);
        Files.writeString(folder.resolve("third.jinja"), OTHER.replace("::", ":"));
        String third = folder.resolve("third.jinja").toString();
        CommandRun unlike = with(ROW, "score", "--model", model, "--chat-template", third);
        CommandRun validated = command(
                "validate",
                "rm.yaml",
                "reward_model.model=" + model,
                "reward_model.chat_template=" + third,
                "run.output_dir=x");
        CommandRun trained = command("validate", "rm.yaml", "reward_model.model=" + model, "run.output_dir=x");

        assertThat(plain.out()).isEqualTo(same.out()).isNotEqualTo(unlike.out());
        String told = "chat_template " + third + " is another than " + model + "/chat_template.jinja";
        assertThat(plain.err() + same.err()).doesNotContain("is another than");
        assertThat(unlike.err()).contains("warning: " + told);
        assertThat(validated.out()).containsPattern("note +reward model: chat template +reward_model\\." + told);
        assertThat(trained.out()).doesNotContain("is another than").contains("<|im_start|>·u");
    }

    @Test
    void completionsEndAtTheTokenizersEndTokenAndRunningOnIsTold() throws IOException {
        GoldenFixtures.editConfig(policy, config -> config.put("eos_token_id", 7));
        CommandRun ends = command("validate", "train.yaml");
        CommandRun quiet = with(PROMPT, "generate", "--model", policy.toString(), "--max-completion-length", "2");
        Path tokenizer = policy.resolve("tokenizer_config.json");
        Files.writeString(
                tokenizer,
                Files.readString(tokenizer)
                        .replace("\"eos_token\": \"<|im_end|>\"", "\"eos_token\": \"<|endoftext|>\""));
        CommandRun runsOn = command("validate", "train.yaml");
        CommandRun told = with(PROMPT, "generate", "--model", policy.toString(), "--max-completion-length", "2");
        CommandRun trained = command("train", "train.yaml");
        CommandRun chat =
                with("the cat\n/exit\n", "chat", "--model", policy.toString(), "--max-completion-length", "2");

        assertThat(ends.out()).contains("end tokens [7, 2]").containsPattern("ok +policy: end of turn");
        assertThat(quiet.err()).doesNotContain("without an end token");
        String warning = "the chat template writes a finished conversation without an end token of the model";
        assertThat(runsOn.out())
                .containsPattern("note +policy: end of turn +" + warning)
                .contains("its special tokens there are <|im_start|>, <|im_end|>");
        for (CommandRun run : List.of(told, trained, chat)) {
            assertThat(run.err()).contains(warning);
        }
    }

    /**
     * A policy that was trained so stops in transformers where it stopped here: transformers reads
     * generation_config.json alone.
     */
    @Test
    void whatIsSavedNamesTheEndTokensThatEndedItsSamples() throws IOException {
        GoldenFixtures.editConfig(policy, config -> config.put("eos_token_id", 7));
        command("train", "train.yaml");
        JsonNode generation = new ObjectMapper()
                .readTree(folder.resolve("run/policy/generation_config.json").toFile());

        assertThat(generation.path("eos_token_id").toString()).isEqualTo("[7,2]");
    }
}

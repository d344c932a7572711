package dev.flipside.cli.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.cli.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FromTrlTest {
    @TempDir
    Path folder;

    private CommandRun fromTrl(String text, String output, String... more) throws IOException {
        Path file = Files.writeString(folder.resolve("trl.yaml"), text);
        String[] command = new String[5 + more.length];
        System.arraycopy(
                new String[] {
                    "config",
                    "from-trl",
                    file.toString(),
                    "--output",
                    folder.resolve(output).toString()
                },
                0,
                command,
                0,
                5);
        System.arraycopy(more, 0, command, 5, more.length);
        return CommandRun.of(command);
    }

    @Test
    void theFileIsWrittenAndEveryKeyIsTold() throws IOException {
        CommandRun run = fromTrl(
                        "model_name_or_path: m\ndataset_name: p.jsonl\nreward_funcs: [org/rm]\nloss_type: dapo\nuse_vllm: true\nreport_to: wandb\n",
                        "ours.yaml")
                .succeeded();
        assertThat(run.out().replaceAll(" +", " "))
                .contains(
                        "model_name_or_path m -> policy.model: m",
                        "use_vllm true - generation is built in",
                        "report_to wandb !! logging.tensorboard: false",
                        "seed default + run.seed: 42",
                        "1 key is marked !!",
                        "run it with `flipside train ");
        assertThat(folder.resolve("ours.yaml"))
                .content()
                .startsWith("# From trl.yaml of TRL")
                .contains("policy:\n  model: m\n", "preset: \"off\"");
        assertThat(fromTrl("loss_type: dapo", "ours.yaml").err()).contains("ours.yaml exists already");
    }

    @Test
    void whatIsNotCompleteSaysWhatItLacks() throws IOException {
        JsonNode json = fromTrl("learning_rate: 1.0e-6", "grpo.yaml", "--trainer", "grpo", "--json")
                .succeeded()
                .json();
        assertThat(json.at("/trainer").asText()).isEqualTo("grpo");
        assertThat(json.at("/incomplete").asText()).contains("policy.model");
        assertThat(json.at("/keys/0/outcome").asText()).isEqualTo("translated");
        assertThat(json.at("/keys/0/what").asText()).isEqualTo("policy.learning_rate: 1.0E-6");
        CommandRun unknown = fromTrl("learning_rate: 1.0e-6", "x.yaml");
        assertThat(unknown.exitCode()).isEqualTo(2);
        assertThat(unknown.err()).contains("give --trainer grpo, rloo or reward");
        assertThat(CommandRun.of("config").err()).contains("which command? from-trl is there");
    }
}

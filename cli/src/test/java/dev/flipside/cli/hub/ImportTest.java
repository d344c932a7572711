package dev.flipside.cli.hub;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.TestResources;
import dev.flipside.cli.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private String file;
    private String directory;

    @BeforeEach
    void copyAModel() {
        Path copy = folder.resolve("qwen3.gguf");
        TestResources.copy("gguf/qwen3.gguf", copy);
        file = copy.toString();
        directory = folder.resolve("models/qwen3").toString();
    }

    @Test
    void whatIsImportedGenerates() throws IOException {
        CommandRun run = CommandRun.of("import", file, directory).succeeded();
        assertThat(run.out().lines())
                .anyMatch(line -> line.matches("model +qwen3 as qwen3"))
                .anyMatch(line -> line.matches("tensors +16 F16, 9 F32"))
                .anyMatch(line -> line.matches("chat template +yes"));
        assertThat(run.err()).startsWith("import: ");

        CommandRun generated = CommandRun.withInput(
                        "{\"id\": 1, \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}",
                        "generate",
                        "--model",
                        directory,
                        "--greedy",
                        "--max-completion-length",
                        "5")
                .succeeded();
        assertThat(generated.json().get("token_ids")).isNotEmpty();
    }

    @Test
    void jsonIsOneObject() throws IOException {
        CommandRun run = CommandRun.of("import", file, directory, "--dtype", "bfloat16", "--json", "--quiet");
        JsonNode result = run.json();
        assertThat(result.get("model_type").asText()).isEqualTo("qwen3");
        assertThat(result.get("dtype").asText()).isEqualTo("bfloat16");
        assertThat(result.get("weight_bytes").asLong())
                .isEqualTo(2 * result.get("parameters").asLong());
        assertThat(result.get("types").get("F16").asInt()).isEqualTo(16);
        assertThat(run.err()).isEmpty();
    }

    @Test
    void mistakesAreOneSentenceAndExitCode2() throws IOException {
        Files.createDirectories(Path.of(directory));
        assertMistake("exists already", "import", file, directory);
        assertMistake(
                "there is no such file", "import", folder.resolve("none.gguf").toString(), directory + "2");
        assertMistake("--dtype is int8", "import", file, directory + "2", "--dtype", "int8");
        Path text = Files.writeString(folder.resolve("text.gguf"), "no model");
        assertMistake("is not a GGUF file", "import", text.toString(), directory + "2");
    }

    private static void assertMistake(String part, String... args) {
        CommandRun run = CommandRun.of(args);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains(part).doesNotContain("\tat ");
        assertThat(run.out()).isEmpty();
    }
}

package dev.flipside.hub;

import static dev.flipside.hub.TestHub.MODEL;
import static dev.flipside.hub.TestHub.NAME;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Adapters whose base is a model of the Hub: brought together when they are read, told by name when they are published.
 */
class AdapterBaseTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final byte[] WEIGHTS = TestHub.random(3000, 7);

    @TempDir
    Path folder;

    private TestHub server;
    private String commit;

    @BeforeEach
    void start() throws IOException {
        server = new TestHub();
        commit = server.commit(MODEL, "main", TestHub.modelFiles());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Hub hub() {
        return server.client(folder.resolve("cache"));
    }

    private static String config(String base, String revision) {
        return "{\"peft_type\": \"LORA\", \"r\": 4, \"base_model_name_or_path\": \"" + base + "\", \"revision\": "
                + revision + "}";
    }

    private Path adapter(String base, String revision) throws IOException {
        Path adapter = Files.createDirectories(folder.resolve("adapter"));
        Files.writeString(adapter.resolve("adapter_config.json"), config(base, revision));
        Files.write(adapter.resolve("adapter_model.safetensors"), WEIGHTS);
        return adapter;
    }

    private static JsonNode read(Path directory) throws IOException {
        return JSON.readTree(directory.resolve("adapter_config.json").toFile());
    }

    private void assertJoined(Path joined) throws IOException {
        JsonNode config = read(joined);
        assertThat(Path.of(config.path("base_model_name_or_path").asText()))
                .isEqualTo(hub().model(NAME))
                .isAbsolute();
        assertThat(config.path("r").intValue()).isEqualTo(4);
        assertThat(joined.resolve("adapter_model.safetensors")).hasBinaryContent(WEIGHTS);
        assertThat(HubSource.of(joined)).contains(new HubSource("org/tiny", "model", commit));
    }

    @Test
    void aLocalAdapterFindsItsBaseOnTheHub() throws IOException {
        HubInputs inputs = new HubInputs(this::hub);
        Path adapter = adapter("org/tiny", "null");
        Path joined = inputs.model("--model", adapter.toString());
        assertJoined(joined);
        assertThat(read(adapter).path("base_model_name_or_path").asText()).isEqualTo("org/tiny");

        // Read again it is what the adapter is by then, in the same place.
        Files.writeString(adapter.resolve("tokenizer.json"), "{}");
        server.commit(MODEL, "main", Map.of("README.md", TestHub.bytes("# Later")));
        assertThat(inputs.model("--model", adapter.toString())).isEqualTo(joined);
        assertThat(joined.resolve("tokenizer.json")).hasContent("{}");
    }

    @Test
    void anAdapterOfTheHubFindsItsBaseThere() throws IOException {
        server.commit(
                "models/org/adapter",
                "main",
                Map.of(
                        "adapter_config.json",
                        config("org/tiny", '"' + commit + '"').getBytes(StandardCharsets.UTF_8),
                        "adapter_model.safetensors",
                        WEIGHTS));
        // Later than the revision that the adapter names.
        server.commit(MODEL, "main", Map.of("config.json", TestHub.bytes("{\"model_type\": \"qwen2\"}")));
        Path joined = new HubInputs(this::hub).model("--model", "org/adapter");
        assertThat(Path.of(read(joined).path("base_model_name_or_path").asText())
                        .resolve("config.json"))
                .hasContent("{\"model_type\": \"llama\"}");
        assertThat(HubSource.of(joined)).contains(new HubSource("org/tiny", "model", commit));
    }

    @Test
    void aDirectoryIsTakenBeforeAName() throws IOException {
        Path base = Files.createDirectories(folder.resolve("adapter/org/tiny"));
        Path adapter = adapter("org/tiny", "null");
        assertThat(new HubInputs(this::hub).model("--model", adapter.toString()))
                .isEqualTo(adapter);
        assertThat(server.requests()).isEmpty();
        assertThat(new HubInputs(this::hub).model("--model", base.toString())).isEqualTo(base);
    }

    @Test
    void aBaseThatCannotBeHadIsToldWithTheFileThatNamesIt() throws IOException {
        Path adapter = adapter("org/none", "null");
        assertThatThrownBy(() -> new HubInputs(this::hub).model("policy.model", adapter.toString()))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith(
                        "policy.model: " + adapter.resolve("adapter_config.json") + ": base_model_name_or_path: ")
                .hasMessageContaining("There is no model org/none");
    }

    @Test
    void anAdapterIsPublishedWithTheNameOfItsBase() throws IOException {
        Path adapter = adapter(hub().model(NAME).toString(), "null");
        Lines listener = new Lines();
        Push push = new Push(server.settings(folder.resolve("cache"), TestHub.TOKEN), listener);
        Push.Request request =
                new Push.Request(adapter, HubName.require(RepoType.MODEL, "me/adapter"), false, "First", "# Card\n");
        assertThat(push.push(request).commit()).isPresent();
        JsonNode published =
                JSON.readTree(server.files("models/me/adapter", "main").get("adapter_config.json"));
        assertThat(published.path("base_model_name_or_path").asText()).isEqualTo("org/tiny");
        assertThat(published.path("revision").asText()).isEqualTo(commit);
        assertThat(push.push(request).commit()).isEmpty();
        assertThat(listener.lines).noneMatch(line -> line.contains("names its base"));

        adapter(folder.toString(), "null");
        push.push(request);
        assertThat(listener.lines)
                .anyMatch(
                        line -> line.contains("the adapter names its base by a directory of this machine, " + folder));
    }
}

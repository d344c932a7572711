package dev.flipside.cli.hub;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.TinyModel;
import dev.flipside.hub.TestHub;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Names of the Hub on the command line and in configurations, against a server that imitates it. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class HubCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path folder;

    private static TestHub server;
    private static String modelCommit;
    private static String dataCommit;

    @BeforeAll
    static void fillTheHub() throws IOException {
        server = new TestHub();
        Path policy = TinyModel.policy(folder.resolve("made/policy"));
        Path rewardModel = TinyModel.rewardModel(policy, folder.resolve("made/rm"), 0.5);
        modelCommit = server.commit("models/org/tiny", policy);
        server.commit("models/org/judge", rewardModel);
        Map<String, byte[]> data = new TreeMap<>();
        data.put("data/train-00000-of-00002.jsonl", rows("One.", "Two."));
        data.put("data/train-00001-of-00002.jsonl", rows("Three.", "Four."));
        data.put("data/test-00000-of-00001.jsonl", rows("Five."));
        dataCommit = server.commit("datasets/org/prompts", "main", data);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static byte[] rows(String... prompts) {
        StringBuilder lines = new StringBuilder();
        Stream.of(prompts)
                .forEach(p -> lines.append("{\"prompt\": \"").append(p).append("\"}\n"));
        return lines.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static CommandRun run(String... args) {
        return with(Map.of(), "", args);
    }

    private static CommandRun with(Map<String, String> more, String input, String... args) {
        Map<String, String> environment = new HashMap<>(more);
        environment.putAll(server.environment(folder.resolve("hf")));
        return CommandRun.with(environment, input, args);
    }

    @Test
    @Order(1)
    void pullShowsWhatItBroughtAndBringsItOnce() throws IOException {
        CommandRun first = run("pull", "org/tiny").succeeded();
        assertThat(first.out())
                .contains("model.safetensors")
                .contains(modelCommit)
                .contains("downloaded");
        assertThat(first.err()).contains("pull org/tiny: ").contains(" kB");
        JsonNode again = run("pull", "org/tiny", "--json").json();
        assertThat(again.path("bytes_received").asLong()).isZero();
        assertThat(again.path("commit").asText()).isEqualTo(modelCommit);
        assertThat(Path.of(again.path("folder").asText()))
                .isEqualTo(folder.resolve("hf/hub/models--org--tiny/snapshots").resolve(modelCommit));
        JsonNode data = run("pull", "org/prompts:test", "--dataset", "--json").json();
        assertThat(data.path("files")).hasSize(1);
    }

    @Test
    @Order(2)
    void modelsAreTakenByName() throws IOException {
        String row = "{\"id\": 1, \"prompt\": \"a\", \"completion\": \"b\"}\n";
        assertThat(with(Map.of("HF_HUB_OFFLINE", "1"), row, "logprobs", "--model", "org/tiny")
                        .out())
                .contains("logprobs");
        CommandRun score = with(Map.of(), row, "score", "--model", "org/judge@main");
        assertThat(score.out()).as(score.err()).contains("\"value\":0.5");
        CommandRun inspect = run("data", "inspect", "org/prompts", "--model", "org/tiny");
        assertThat(inspect.out())
                .as(inspect.err())
                .contains("org/prompts: 4 rows")
                .contains("prompt, tokens");
        CommandRun overlap = run("data", "inspect", "org/prompts:test", "--benchmark", "org/prompts:test", "--json")
                .succeeded();
        assertThat(overlap.json().findValue("same_rows").asInt()).isEqualTo(1);
        CommandRun missing = with(Map.of(), row, "score", "--model", "org/none");
        assertThat(missing.exitCode()).isEqualTo(2);
        assertThat(missing.err())
                .contains("--model: there is no directory org/none, and as a name of the Hub it cannot be had");
        CommandRun offline = with(Map.of("HF_HUB_OFFLINE", "1"), row, "score", "--model", "org/none");
        assertThat(offline.exitCode()).isEqualTo(2);
        assertThat(offline.err()).contains("HF_HUB_OFFLINE is set");
    }

    @Test
    @Order(2)
    void aModelIsComparedWithOneOfTheHub() throws IOException {
        Path pairs = folder.resolve("pairs.jsonl");
        Files.writeString(pairs, "{\"prompt\": \"a\", \"chosen\": \"good\", \"rejected\": \"bad\"}\n");
        String[] args = {
            "eval-rm",
            "--model",
            "org/judge",
            "--compare",
            "org/judge@main",
            "--benchmark",
            "pairs",
            "--input",
            pairs.toString(),
            "--out",
            folder.resolve("evaluated").toString(),
            "--json"
        };
        CommandRun compared = run(args).succeeded();
        assertThat(folder.resolve("evaluated/compare/pairs.jsonl")).exists();
        assertThat(run(args).err()).contains("already holds scores of pairs");
    }

    @Test
    @Order(3)
    void aRunTakesNamesRecordsCommitsAndIsPushedWithThem() throws IOException {
        Path config = folder.resolve("train.yaml");
        Files.writeString(
                config,
                """
                run: {output_dir: %s, max_steps: 1, save_steps: 0}
                policy: {model: org/tiny}
                reward_model: {model: org/judge}
                data: {prompts: org/prompts, eval_prompts: "org/prompts:default/test"}
                rollout: {generation_batch_size: 4, num_generations: 2, max_completion_length: 4}
                save: {preset: off}
                """
                        .formatted(folder.resolve("run")));
        CommandRun train = run("train", config.toString(), "--quiet").succeeded();
        JsonNode provenance = JSON.readTree(Files.readString(folder.resolve("run/provenance.json")));
        assertThat(provenance.path("hub").toString())
                .contains("model org/tiny@" + modelCommit)
                .contains("model org/judge@")
                .contains("dataset org/prompts@" + dataCommit);
        assertThat(provenance.path("files").toString()).contains("00001-train-00001-of-00002.jsonl");

        CommandRun noToken = run("push", folder.resolve("run/policy").toString(), "me/mine");
        assertThat(noToken.exitCode()).isEqualTo(2);
        assertThat(noToken.err()).contains("set HF_TOKEN");
        CommandRun push = with(
                        Map.of("HF_TOKEN", TestHub.TOKEN),
                        "",
                        "push",
                        folder.resolve("run/policy").toString(),
                        "me/mine",
                        "--private",
                        "--message",
                        "Step 1")
                .succeeded();
        assertThat(push.out()).contains("pushed ").contains("model.safetensors").contains(server.url());

        CommandRun back = with(
                        Map.of("HF_TOKEN", TestHub.TOKEN),
                        "",
                        "pull",
                        "me/mine",
                        "--include",
                        "*",
                        "--local-dir",
                        folder.resolve("back").toString())
                .succeeded();
        assertThat(folder.resolve("back/model.safetensors"))
                .hasSameBinaryContentAs(folder.resolve("run/policy/model.safetensors"));
        assertThat(folder.resolve("back/README.md"))
                .content()
                .contains("base_model: org/tiny")
                .contains("- org/prompts")
                .contains("| Policy at the start | org/tiny@" + modelCommit)
                .doesNotContain(folder.toString());
    }

    @Test
    @Order(4)
    void aHubThatIsAwayIsAFailureAndNoMistake() {
        CommandRun gone = CommandRun.with(
                Map.of("HF_ENDPOINT", "http://hub.invalid", "HF_HOME", folder.toString()), "", "pull", "org/tiny");
        assertThat(gone.exitCode()).isEqualTo(1);
        assertThat(gone.err().lines().filter(l -> l.startsWith("flipside: ")).toList())
                .isEqualTo(List.of(gone.err().strip()))
                .singleElement()
                .asString()
                .contains(
                        "The Hub at http://hub.invalid did not give the commit of org/tiny: its name cannot be resolved");
        assertThat(run("pull", "tiny").err()).contains("'tiny' is not the name of a model on the Hub; write org/name");
    }
}

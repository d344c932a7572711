package dev.flipside.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model directory becomes one commit, or none. */
class PushTest {
    private static final String REPO = "models/me/mine";
    private static final HubName TARGET = HubName.require(RepoType.MODEL, "me/mine");
    private static final byte[] WEIGHTS = TestHub.random(250_000, 5);

    @TempDir
    Path folder;

    private TestHub server;
    private Path model;

    @BeforeEach
    void start() throws IOException {
        server = new TestHub();
        model = Files.createDirectories(folder.resolve("run/policy"));
        Files.writeString(model.resolve("config.json"), "{\"architectures\": [\"LlamaForCausalLM\"]}");
        Files.writeString(model.resolve("tokenizer.json"), "{}");
        Files.write(model.resolve("model.safetensors"), WEIGHTS);
        Files.write(model.resolve("optimizer.safetensors"), WEIGHTS);
        Files.writeString(model.resolve("token"), TestHub.TOKEN);
        Files.writeString(model.resolve(".env"), "HF_TOKEN=" + TestHub.TOKEN);
        Files.createDirectories(model.resolve("checkpoints"));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Push client() {
        return new Push(server.settings(folder.resolve("cache"), TestHub.TOKEN), TransferListener.NONE);
    }

    private Push.Pushed push(HubName target, boolean isPrivate) {
        return client().push(new Push.Request(model, target, isPrivate, "First", "# Card\n"));
    }

    @Test
    void theDirectoryIsOneCommitOfANewRepository() {
        Push.Pushed pushed = push(TARGET, true);

        assertThat(server.isPrivate(REPO)).isTrue();
        assertThat(server.commits(REPO)).as("the first and ours").isEqualTo(2);
        Map<String, byte[]> files = server.files(REPO, "main");
        assertThat(files)
                .containsOnlyKeys(".gitattributes", "README.md", "config.json", "model.safetensors", "tokenizer.json");
        assertThat(files.get("model.safetensors")).isEqualTo(WEIGHTS);
        assertThat(files.get("README.md")).asString().isEqualTo("# Card\n");
        assertThat(pushed.files())
                .containsExactlyInAnyOrder("README.md", "config.json", "model.safetensors", "tokenizer.json");
        assertThat(pushed.left()).containsExactly(".env", "checkpoints", "optimizer.safetensors", "token");
        assertThat(pushed.commit()).isPresent();
        assertThat(pushed.url()).contains("/commit/");
        JsonNode header = server.uploads().commitLines().get(0);
        assertThat(header.path("key").asText()).isEqualTo("header");
        assertThat(header.at("/value/summary").asText()).isEqualTo("First");
        assertThat(server.requests())
                .filteredOn(r -> r.host().equals("elsewhere"))
                .isNotEmpty()
                .allSatisfy(r -> assertThat(r.authorization()).isNull());
    }

    @Test
    void largeFilesGoInPartsWhenTheHubAsks() {
        server.uploads().chunks(100_000);
        push(TARGET, false);
        assertThat(server.files(REPO, "main").get("model.safetensors")).isEqualTo(WEIGHTS);
        assertThat(server.requests()).filteredOn(r -> r.method().equals("PUT")).hasSize(3);
    }

    @Test
    void whatTheHubHasIsNotSentAgain() throws IOException {
        push(TARGET, false);
        Push.Pushed again = push(TARGET, false);
        assertThat(again.commit()).isEmpty();
        assertThat(server.commits(REPO)).isEqualTo(2);

        Files.writeString(model.resolve("config.json"), "{\"architectures\": [\"Qwen2ForCausalLM\"]}");
        assertThat(push(TARGET, false).files()).containsExactly("config.json");
        assertThat(server.requests()).filteredOn(r -> r.method().equals("PUT")).hasSize(1);
    }

    @Test
    void aCardThatSomebodyWroteStays() throws IOException {
        server.commit(REPO, "main", Map.of("README.md", TestHub.bytes("# By hand")));
        push(TARGET, false);
        assertThat(server.files(REPO, "main").get("README.md")).asString().isEqualTo("# By hand");
        Files.writeString(model.resolve("README.md"), "# From here");
        push(TARGET, false);
        assertThat(server.files(REPO, "main").get("README.md")).asString().isEqualTo("# From here");
    }

    @Test
    void aBranchIsMadeWhereItIsMissing() {
        push(TARGET.at("exp-1"), false);
        push(TARGET.at("exp-1"), false);
        assertThat(server.files(REPO, "exp-1")).containsKey("model.safetensors");
        assertThat(server.files(REPO, "main")).doesNotContainKey("model.safetensors");
    }

    /** As if the process had been killed before the end: contents may have gone, a commit has not. */
    @Test
    void aPushThatEndsEarlyLeavesNoCommit() {
        for (int i = 0; i < 10; i++) {
            server.uploads().meet(HubFault.gone());
        }
        assertThatThrownBy(() -> push(TARGET, false))
                .isInstanceOf(HubUnavailableException.class)
                .hasMessageContaining("did not give the upload of model.safetensors");
        assertThat(server.commits(REPO)).isEqualTo(1);
        assertThat(server.files(REPO, "main")).containsOnlyKeys(".gitattributes");
    }

    @Test
    void anUploadThatFailsOnceIsRepeated() {
        server.uploads().meet(HubFault.status(503), HubFault.gone());
        push(TARGET, false);
        assertThat(server.files(REPO, "main").get("model.safetensors")).isEqualTo(WEIGHTS);
    }

    @Test
    void aLostAnswerToTheCommitIsNotAskedForAgain() {
        server.uploads().loseTheAnswerToACommit();
        assertThatThrownBy(() -> push(TARGET, false))
                .isInstanceOf(HubUnavailableException.class)
                .hasMessageContaining("it is not known whether it was made")
                .hasMessageContaining("/me/mine/commits/main");
        assertThat(server.commits(REPO)).as("it was made, once").isEqualTo(2);
    }

    @Test
    void aPublicRepositoryIsNotTakenForAPrivateOne() {
        push(TARGET, false);
        assertThatThrownBy(() -> push(TARGET, true))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("--private: me/mine exists and is public");
    }

    @Test
    void anAccessTokenInAFileStopsThePush() throws IOException {
        Files.writeString(model.resolve("tokenizer_config.json"), "{\"auth\": \"" + TestHub.TOKEN + "\"}");
        assertThatThrownBy(() -> push(TARGET, false))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("tokenizer_config.json holds an access token")
                .message()
                .doesNotContain(TestHub.TOKEN);
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void whatCannotBePushedIsToldBeforeAnythingIsSent() {
        assertThatThrownBy(() -> client().push(new Push.Request(folder.resolve("run"), TARGET, false, "m", "# Card")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("is no model directory")
                .hasMessageContaining("runs/save/policy");
        Push unknown = new Push(server.settings(folder.resolve("cache")), TransferListener.NONE);
        assertThatThrownBy(() -> unknown.push(new Push.Request(model, TARGET, false, "m", "# Card")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("set HF_TOKEN");
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void theCardTellsWhatTheRunWasWithoutTellingAboutTheMachine() throws IOException {
        String base = "/home/somebody/.cache/huggingface/hub/models--org--base/snapshots/" + "a".repeat(40);
        String data = "/home/somebody/.cache/huggingface/hub/datasets--org--prompts/snapshots/" + "b".repeat(40)
                + "/data/train.parquet";
        Files.writeString(
                folder.resolve("run/config.yaml"),
                "run:\n  output_dir: /home/somebody/runs/save\n  max_steps: 20\n  seed: 3\npolicy:\n  model: " + base
                        + "\nreward_model:\n  model: /home/somebody/rm\ndata:\n  prompts: " + data
                        + "\nalgorithm:\n  name: grpo\nsave:\n  preset: faithful\n");
        Files.writeString(
                folder.resolve("run/provenance.json"),
                "{\"flipside\": \"1.2.3\", \"commit\": \"abc\", \"libraries\": {\"libtorch\": \"2.10.0\"}}");
        Files.writeString(
                folder.resolve("run/metrics.jsonl"),
                "{\"step\": 0, \"eval_rm/accuracy\": 0.5}\n{\"step\": 20, \"eval_rm/accuracy\": 0.75, \"loss\": 1}\n");
        String card = new ModelCard(model).text("mine");
        assertThat(card)
                .startsWith("---\nlibrary_name: transformers\n")
                .contains("pipeline_tag: text-generation\n")
                .contains("base_model: org/base\n")
                .contains("datasets:\n- org/prompts\n")
                .contains("| Policy at the start | org/base@" + "a".repeat(40) + " |")
                .contains("| Reward model | rm |")
                .contains("| Flipside | 1.2.3 |")
                .contains("| `eval_rm/accuracy` | 0.7500 |")
                .contains("max_steps: 20")
                .doesNotContain("somebody")
                .doesNotContain("`loss`");
        assertThat(DatasetCard.read(card).configs())
                .as("the front matter can be read")
                .isEmpty();
    }

    @Test
    void theCardOfAModelWithoutARunIsShort() {
        assertThat(new ModelCard(model).text("mine"))
                .contains("# mine\n\nA language model, uploaded with Flipside.")
                .doesNotContain("Configuration")
                .doesNotContain("rlhf");
    }
}

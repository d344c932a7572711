package dev.flipside.cli.hub;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.TinyModel;
import dev.flipside.config.LoraConfig;
import dev.flipside.engine.Device;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.model.CausalLm;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An adapter's directory where a command takes a model, and the ways between the two. */
class AdapterCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ROW = "{\"id\": 1, \"prompt\": \"Hello there\", \"completion\": \" world\"}\n";

    /** float32 sums in another order over one layer. */
    private static final double ROUNDING = 1e-5;

    @TempDir
    static Path folder;

    private static Path policy;
    private static Path adapter;
    private static Path rewardAdapter;

    @BeforeAll
    static void writeModels() throws IOException {
        policy = TinyModel.policy(folder.resolve("policy"));
        adapter = folder.resolve("adapter");
        rewardAdapter = folder.resolve("reward-adapter");
        LoraConfig lora = new LoraConfig(2, 8.0, 0.0, null, null, false, false);
        try (CausalLm lm = CausalLm.adapted(policy, lora, new Seeds(1), Device.CPU, Precision.FLOAT32);
                RewardModel rm = RewardModel.adapted(policy, lora, new Seeds(2), Device.CPU, Precision.FLOAT32)) {
            disturb(lm.parameters());
            disturb(rm.trunk());
            lm.save(adapter, WeightType.F32);
            rm.save(rewardAdapter, WeightType.F32);
        }
        // The base's tokenizer serves an adapter without one.
        Files.delete(adapter.resolve("tokenizer.json"));
    }

    private static void disturb(Parameters parameters) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            parameters
                    .flat()
                    .add_(torch.sin(torch.arange(
                                    Tensors.scalar(parameters.flat().numel())))
                            .mul_(Tensors.scalar(0.2)));
        }
    }

    private static double logprob(Path model) throws IOException {
        CommandRun run = CommandRun.withInput(ROW, "logprobs", "--model", model.toString())
                .succeeded();
        return run.json().path("logprobs").get(0).doubleValue();
    }

    private static double score(Path model) throws IOException {
        CommandRun run =
                CommandRun.withInput(ROW, "score", "--model", model.toString()).succeeded();
        return run.json().path("score").doubleValue();
    }

    @Test
    void anAdapterIsTakenMergedAndTakenOff() throws IOException {
        Path merged = folder.resolve("merged");
        Path back = folder.resolve("back");

        CommandRun merge = CommandRun.of("merge", adapter.toString(), merged.toString(), "--json");
        CommandRun unmerge =
                CommandRun.of("merge", adapter.toString(), back.toString(), "--unmerge-from", merged.toString());

        assertThat(merge.exitCode()).as(merge.err()).isZero();
        assertThat(merge.json().path("kind").asText()).isEqualTo("language_model");
        assertThat(unmerge.exitCode()).as(unmerge.err()).isZero();
        assertThat(unmerge.out()).contains("wrote the language model " + back + " without the adapter");
        double base = logprob(policy);
        double adapted = logprob(adapter);
        assertThat(Math.abs(adapted - base)).isGreaterThan(100 * ROUNDING);
        assertThat(Math.abs(logprob(merged) - adapted)).isLessThan(ROUNDING);
        assertThat(Math.abs(logprob(back) - base)).isLessThan(ROUNDING);
        CommandRun generate = CommandRun.withInput(
                "{\"id\": 1, \"prompt\": \"Hello\"}\n", "generate", "--model", adapter.toString(), "--greedy");
        CommandRun ofMerged = CommandRun.withInput(
                "{\"id\": 1, \"prompt\": \"Hello\"}\n", "generate", "--model", merged.toString(), "--greedy");
        assertThat(generate.exitCode()).as(generate.err()).isZero();
        assertThat(generate.json().path("completion")).isEqualTo(ofMerged.json().path("completion"));
    }

    @Test
    void aRewardModelsAdapterScores() throws IOException {
        Path merged = folder.resolve("merged-reward");
        assertThat(CommandRun.of("merge", rewardAdapter.toString(), merged.toString(), "--dtype", "f32")
                        .exitCode())
                .isZero();
        assertThat(Math.abs(score(merged) - score(rewardAdapter))).isLessThan(ROUNDING);
        JsonNode config = JSON.readTree(merged.resolve("config.json").toFile());
        assertThat(config.path("architectures").get(0).asText()).isEqualTo("LlamaForSequenceClassification");
    }

    @Test
    void mistakesAreOneSentence() {
        CommandRun plain =
                CommandRun.of("merge", policy.toString(), folder.resolve("x").toString());
        CommandRun taken = CommandRun.of("merge", adapter.toString(), policy.toString());
        CommandRun wrongKind = CommandRun.withInput(ROW, "score", "--model", adapter.toString());

        assertThat(plain.exitCode()).isEqualTo(2);
        assertThat(plain.err()).contains(policy + ": has no adapter_config.json, so it is not an adapter");
        assertThat(taken.exitCode()).isEqualTo(2);
        assertThat(taken.err()).contains(policy + ": exists already");
        assertThat(wrongKind.exitCode()).isEqualTo(2);
        assertThat(wrongKind.err()).contains("the adapter has no score.weight");
    }
}

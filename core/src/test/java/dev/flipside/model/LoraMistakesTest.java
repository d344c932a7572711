package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.LoraConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a user can get wrong about adapters is said in one sentence. */
class LoraMistakesTest {
    @TempDir
    Path directory;

    private Path base(Consumer<ObjectNode> change) {
        return TinyModels.write(directory.resolve("base"), TinyModels.config("llama", change));
    }

    private void assertNewAdapterRefused(LoraConfig config, Consumer<ObjectNode> change, String message) {
        Path base = base(change);
        assertThatThrownBy(() -> CausalLm.adapted(base, config, new Seeds(1), Device.CPU, Precision.FLOAT32))
                .isInstanceOf(UserError.class)
                .hasMessage(message.replace("BASE", base.toString()));
    }

    @Test
    void modulesThatTheModelLacksAreListed() {
        assertNewAdapterRefused(
                new LoraConfig(2, 4.0, 0.0, List.of("q_proj", "c_attn"), null, false, false),
                c -> {},
                "target_modules: there is no linear module 'c_attn' in BASE; it has q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj.");
        assertNewAdapterRefused(
                new LoraConfig(2, 4.0, 0.0, null, List.of("score"), false, false),
                c -> {},
                "modules_to_save: there is no module that can be trained whole 'score' in BASE; it has embed_tokens, input_layernorm, o_proj, post_attention_layernorm, down_proj, norm, lm_head.");
        assertNewAdapterRefused(
                new LoraConfig(2, 4.0, 0.0, null, List.of("o_proj"), false, false),
                c -> {},
                "modules_to_save: o_proj is one of target_modules too; it can be adapted or trained whole, so remove it from one of them.");
        assertNewAdapterRefused(
                new LoraConfig(2, 4.0, 0.0, null, List.of("embed_tokens"), false, false),
                c -> c.put("tie_word_embeddings", true),
                "modules_to_save: BASE ties its vocabulary head to embed_tokens (tie_word_embeddings), so they cannot be trained apart; remove embed_tokens.");
    }

    /** In layers without experts too: PEFT would take their names for those of experts. */
    @Test
    void expertsAreNotAdapted() {
        Path base = GoldenFixtures.directory("qwen3_moe");
        LoraConfig config = new LoraConfig(2, 4.0, 0.0, List.of("gate_proj"), null, false, false);
        assertThatThrownBy(() -> CausalLm.adapted(base, config, new Seeds(1), Device.CPU, Precision.FLOAT32))
                .isInstanceOf(UserError.class)
                .hasMessage("target_modules: there is no linear module 'gate_proj' in " + base
                        + "; it has q_proj, k_proj, v_proj, o_proj.");
    }

    /** An adapter of PEFT's whose configuration was changed. */
    private Path edited(String key, String json) {
        Path copy = GoldenFixtures.copy(LoraGoldenTest.directory("lora-qv"), directory.resolve("adapter"));
        try {
            Path file = copy.resolve("adapter_config.json");
            ObjectNode config = (ObjectNode) GoldenFixtures.JSON.readTree(file.toFile());
            config.put(
                    "base_model_name_or_path", GoldenFixtures.directory("llama").toString());
            config.set(key, GoldenFixtures.JSON.readTree(json));
            Files.writeString(file, config.toString());
            return copy;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "peft_type | \"LOHA\" | peft_type is 'LOHA' and only LORA is supported",
                "bias | \"all\" | bias is 'all', so the base's own biases were trained too",
                "alpha_pattern | {\"q_proj\": 3} | alpha_pattern {\"q_proj\":3} is not supported",
                "use_qalora | true | use_qalora true is not supported",
                "init_lora_weights | \"pissa\" | init_lora_weights pissa changes the base's weights too",
                "r | 0 | r 0 and lora_alpha 8 must be above 0",
                "base_model_name_or_path | \"org/gone\" | base_model_name_or_path 'org/gone' is no directory here",
                "use_dora | true | q_proj.lora_magnitude_vector is missing; the adapter is incomplete"
            })
    void whatPeftCanDoAndFlipsideCannotIsRefused(String key, String json, String message) {
        Path adapter = edited(key, json);
        assertThatThrownBy(() -> CausalLm.load(adapter, Device.CPU))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith(adapter.toString())
                .hasMessageContaining(message)
                .hasMessageEndingWith(".");
    }

    @Test
    void anAdapterOfAnotherModelIsRefused() {
        Path other = base(c -> {});
        Path adapter = edited("base_model_name_or_path", '"' + other.toString() + '"');
        assertThatThrownBy(() -> CausalLm.load(adapter, Device.CPU))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(
                        "model.layers.0.self_attn.q_proj.lora_A.weight has the shape [4, 32] and the base " + other
                                + " asks for [4, 24]; the adapter belongs to another model");
    }

    @Test
    void anAdapterOfAnotherTaskIsRefused() {
        Path policy = edited("lora_dropout", "0.1");
        assertThat(RewardModel.hasRewardHead(policy)).isFalse();
        assertThatThrownBy(() -> RewardModel.load(policy, Device.CPU))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("the adapter has no score.weight, so it is not a reward model's");
        assertThatThrownBy(() -> CausalLm.load(LoraGoldenTest.directory("reward-dora"), Device.CPU))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("the weight base_model.model.score.weight has no place in the base");
    }

    @Test
    void whatCannotBeTakenOffIsRefused() {
        try (CausalLm merged = CausalLm.load(LoraGoldenTest.directory("dora-biases"), Device.CPU)
                        .merged();
                CausalLm saved = CausalLm.load(LoraGoldenTest.directory("lora-saved"), Device.CPU)
                        .merged()) {
            assertThatThrownBy(() -> merged.unmerge(LoraGoldenTest.directory("dora-biases")))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("a DoRA adapter cannot be taken off a merged model");
            assertThatThrownBy(() -> saved.unmerge(LoraGoldenTest.directory("lora-saved")))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("the adapter replaced ");
        }
    }
}

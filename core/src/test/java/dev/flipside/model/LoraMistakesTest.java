package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.LoraConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a user can get wrong about adapters is said in one sentence. */
class LoraMistakesTest {
    @TempDir
    Path directory;

    private Path base(Consumer<ObjectNode> change) {
        return TinyModels.llama().config(change).write(directory.resolve("base"));
    }

    private void assertNewAdapterRefused(String options, Consumer<ObjectNode> change, String message) {
        Path base = base(change);
        LoraConfig config = LoraKinds.options(options);
        assertThatThrownBy(() -> CausalLm.adapted(base, config, new Seeds(1), Device.CPU, Precision.FLOAT32))
                .isInstanceOf(UserError.class)
                .hasMessage(message.replace("BASE", base.toString()));
    }

    @Test
    void modulesThatTheModelLacksAreListed() {
        assertNewAdapterRefused(
                "r: 2, target_modules: [q_proj, c_attn]",
                c -> {},
                "target_modules: there is no linear module 'c_attn' in BASE; it has q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj.");
        assertNewAdapterRefused(
                "r: 2, modules_to_save: [score]",
                c -> {},
                "modules_to_save: there is no module that can be trained whole 'score' in BASE; it has embed_tokens, input_layernorm, o_proj, post_attention_layernorm, down_proj, norm, lm_head.");
        assertNewAdapterRefused(
                "r: 2, modules_to_save: [o_proj]",
                c -> {},
                "modules_to_save: o_proj is one of target_modules too; it can be adapted or trained whole, so remove it from one of them.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "r: 4, target_modules: [q_proj, embed_tokens, lm_head], init_lora_weights: pissa | init_lora_weights: pissa would take a part out of the embedding of",
                "r: 5, init_lora_weights: orthogonal | init_lora_weights: orthogonal needs even ranks, and that of model.layers.0.self_attn.q_proj is 5",
                "r: 500, init_lora_weights: mica | init_lora_weights: mica has at most rank",
                "r: 4, target_modules: [q_proj, embed_tokens, lm_head], lora_bias: true | lora_bias: PEFT has none for embeddings; remove model.embed_tokens from target_modules.",
                "r: 4, layers_to_transform: [7] | layers_to_transform: there is no layer 7 in",
                "r: 4, target_modules: [q_proj, embed_tokens, lm_head], trainable_token_indices: [3] | trainable_token_indices: target_modules or modules_to_save name the embedding",
                "r: 4, trainable_token_indices: [37] | trainable_token_indices holds 37, which is no token",
                "r: 4, target_modules: [q_proj], exclude_modules: [q_proj] | target_modules: exclude_modules and layers_to_transform leave no module of"
            })
    void whatDoesNotFitTheModelIsRefused(String keys, String message) {
        Path base = new LoraKinds(directory).base(true);
        LoraConfig config = LoraKinds.options(keys);
        assertThatThrownBy(() -> CausalLm.adapted(base, config, new Seeds(1), Device.CPU, Precision.FLOAT32))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(message)
                .hasMessageEndingWith(".");
    }

    /** In layers without experts too: PEFT would take their names for those of experts. */
    @Test
    void expertsAreNotAdapted() {
        Path base = GoldenFixtures.directory("qwen3_moe");
        LoraConfig config = LoraKinds.options("r: 2, target_modules: [gate_proj]");
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
                "bias | \"lora\" | bias is 'lora', and PEFT knows none, lora_only and all",
                "alpha_pattern | {\"q_(\": 3} | alpha_pattern 'q_(' is no regular expression",
                "alpha_pattern | {\"q_proj\": 0} | alpha_pattern.q_proj 0 must be a number above 0",
                "rank_pattern | {\"q_proj\": \"x\"} | rank_pattern.q_proj \"x\" must be a number above 0",
                "trainable_token_indices | [128] | trainable_token_indices holds 128, which is no token of a vocabulary of 128",
                "trainable_token_indices | {\"norm\": [1]} | trainable_token_indices names norm, which is none of model.embed_tokens, lm_head",
                "trainable_token_indices | [3] | model.embed_tokens.token_adapter.trainable_tokens_delta is missing; the adapter is incomplete",
                "lora_bias | true | q_proj.lora_B.bias is missing; the adapter is incomplete",
                "use_qalora | true | use_qalora true is not supported, because it adds up groups of inputs first",
                "use_bdlora | {\"nblocks\": 2} | use_bdlora {\"nblocks\":2} is not supported, because it makes A or B block-diagonal",
                "kasa_config | {\"beta\": 0.1} | kasa_config {\"beta\":0.1} is not supported, because it takes the smallest singular parts out of the base",
                "velora_config | {\"scale\": 1} | velora_config {\"scale\":1} is not supported, because it compresses the inputs that gradients are made of",
                "monteclora_config | {\"num_samples\": 2} | monteclora_config {\"num_samples\":2} is not supported, because it draws the weights anew for each pass",
                "arrow_config | {\"top_k\": 2} | arrow_config {\"top_k\":2} is not supported, because it chooses among several adapters for each token",
                "alora_invocation_tokens | [1] | alora_invocation_tokens [1] is not supported, because it switches the adapter on in the middle of a text",
                "megatron_config | {\"x\": 2} | megatron_config {\"x\":2} is not supported, because it is for layers of Megatron",
                "layer_replication | [[0, 2], [1, 2]] | layer_replication [[0,2],[1,2]] is not supported, because it repeats layers of the base",
                "target_parameters | [\"q_proj.weight\"] | target_parameters [\"q_proj.weight\"] is not supported, because it adapts parameters that are not modules",
                "init_lora_weights | \"pissa_niter_16\" | so that PEFT too computes other numbers at each loading; where it was trained, save it with path_initial_model_for_weight_conversion",
                "init_lora_weights | \"corda\" | init_lora_weights corda changed the base by what is not in the adapter",
                "init_lora_weights | \"loftq\" | init_lora_weights loftq changed the base by what is not in the adapter",
                "r | 0 | r is 0, which is not a positive whole number",
                "r | [] | r is [], which is not a positive whole number",
                "lora_alpha | 0 | lora_alpha is 0, which is not a positive number",
                "lora_dropout | 2 | lora_dropout is 2.0, which leaves nothing",
                "bias | [] | bias is [], which is not text",
                "fan_in_fan_out | \"none\" | fan_in_fan_out is \"none\", which is neither true nor false",
                "use_rslora | 1 | use_rslora is 1, which is neither true nor false",
                "target_modules | [\"q_proj\", null] | target_modules is [\"q_proj\",null], which is neither a text nor a list of texts",
                "rank_pattern | [] | rank_pattern is not an object",
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
    void aVocabularyOfAnotherSizeIsTold() {
        Path adapter = edited("lora_dropout", "0.1");
        try (PointerScope scope = new PointerScope()) {
            SafeTensors.write(
                    adapter.resolve("adapter_model.safetensors"),
                    Map.of("base_model.model.model.embed_tokens.weight", torch.zeros(130, 32)),
                    WeightType.F32);
        }
        assertThatThrownBy(() -> CausalLm.load(adapter, Device.CPU))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("embed_tokens.weight has the shape [130, 32] and the base")
                .hasMessageContaining(
                        "asks for [128, 32]; the adapter was trained on that base with another number of tokens (resize_token_embeddings in transformers)");
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
                .hasMessageContaining("it is a reward model (it has a score.weight) where a language model is needed");
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

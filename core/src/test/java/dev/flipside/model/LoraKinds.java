package dev.flipside.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.flipside.config.LoraConfig;
import dev.flipside.engine.Device;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import java.nio.file.Path;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * New adapters of every kind that a configuration can ask for, by names of these tests, on a tied or an untied model
 * with biases in a folder.
 */
record LoraKinds(Path directory) {
    private static final ObjectMapper YAML = YAMLMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .build();

    /** Of the keys that a configuration gives, such as {@code r: 4, bias: all}. */
    static LoraConfig options(String keys) {
        try {
            return YAML.readValue("{" + keys + "}", LoraConfig.class);
        } catch (JsonProcessingException e) {
            throw new AssertionError(keys, e);
        }
    }

    static LoraConfig config(String kind) {
        String some = "r: 4, lora_alpha: 6, target_modules: [q_proj, v_proj, up_proj]";
        String vocabulary = "r: 4, lora_alpha: 6, target_modules: [q_proj, embed_tokens, lm_head]";
        return options(
                switch (kind) {
                    case "bias-all" -> some + ", bias: all";
                    case "bias-lora-only" -> some + ", bias: lora_only, use_dora: true";
                    case "lora-bias" -> some + ", bias: all, lora_bias: true";
                    case "pissa" -> some + ", init_lora_weights: pissa";
                    case "pissa-dora" -> some + ", init_lora_weights: pissa, use_dora: true";
                    case "olora" -> some + ", init_lora_weights: olora";
                    case "gaussian" -> some + ", init_lora_weights: gaussian";
                    case "orthogonal" -> some + ", init_lora_weights: orthogonal";
                    case "mica" -> vocabulary + ", init_lora_weights: mica";
                    case "vocabulary" -> vocabulary;
                    case "vocabulary-dora" -> vocabulary + ", use_dora: true";
                    case "vocabulary-tied" -> vocabulary + ", ensure_weight_tying: true";
                    case "vocabulary-dropout" -> vocabulary + ", lora_dropout: 0.3";
                    case "vocabulary-tied-dropout" -> vocabulary + ", lora_dropout: 0.3, ensure_weight_tying: true";
                    case "vocabulary-dora-dropout" -> vocabulary + ", lora_dropout: 0.3, use_dora: true";
                    case "saved" -> some + ", modules_to_save: [lm_head]";
                    case "saved-embedding" -> some + ", modules_to_save: [embed_tokens]";
                    case "saved-tied" -> some + ", modules_to_save: [lm_head], ensure_weight_tying: true";
                    case "patterns" ->
                        "r: 4, lora_alpha: 8, rank_pattern: {q_proj: 2}, alpha_pattern: {v_proj|o_proj: 3},"
                                + " exclude_modules: [up_proj], layers_to_transform: [1]";
                    case "tokens" ->
                        "r: 4, lora_alpha: 8, target_modules: [q_proj, v_proj, up_proj], trainable_token_indices: [9, 3, 7]";
                    default -> throw new IllegalArgumentException(kind);
                });
    }

    Path base(boolean tied) {
        return TinyModels.llama()
                .config(c -> c.put("attention_bias", true).put("mlp_bias", true).put("tie_word_embeddings", tied))
                .write(directory.resolve(tied ? "tied" : "untied"));
    }

    CausalLm fresh(String kind, boolean tied) {
        return CausalLm.adapted(base(tied), config(kind), new Seeds(3), Device.CPU, Precision.FLOAT32);
    }

    /** An adapter in which every number matters. */
    CausalLm adapted(String kind, boolean tied) {
        CausalLm lm = fresh(kind, tied);
        disturb(lm.parameters());
        return lm;
    }

    static void disturb(Parameters parameters) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor flat = parameters.flat();
            flat.add_(torch.sin(torch.arange(Tensors.scalar(flat.numel()))).mul_(Tensors.scalar(0.1)));
        }
    }
}

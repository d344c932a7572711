package dev.flipside.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.LoraConfig;
import dev.flipside.config.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Between PEFT's {@code adapter_config.json} and {@link LoraConfig}. What would change the numbers and is not supported is refused, never ignored. */
final class AdapterConfig {
    /** What a model's adapter may be for; PEFT's names. */
    enum Task {
        CAUSAL_LM,
        SEQ_CLS
    }

    /** Keys of PEFT whose every value but none, false and empty means another function. */
    private static final List<String> UNSUPPORTED = List.of(
            "alpha_pattern",
            "layer_replication",
            "lora_bias",
            "megatron_config",
            "trainable_token_indices",
            "target_parameters",
            "use_qalora",
            "use_bdlora",
            "alora_invocation_tokens",
            "arrow_config",
            "corda_config",
            "lora_ga_config",
            "velora_config",
            "monteclora_config",
            "kasa_config",
            "loftq_config");

    /** Values of {@code init_lora_weights} that leave the base as it is. */
    private static final Set<String> PLAIN_INITIALISATIONS =
            Set.of("", "true", "false", "null", "gaussian", "eva", "orthogonal");

    private AdapterConfig() {}

    /** @throws UserError naming the key that is missing or not supported */
    static LoraConfig read(Path file, ObjectNode json) {
        String type = json.path("peft_type").asText("");
        if (!type.equals("LORA")) {
            throw new UserError(
                    file + ": peft_type is '" + type
                            + "' and only LORA is supported (with use_rslora and use_dora); merge the adapter with PEFT and use the merged model.");
        }
        String bias = json.path("bias").asText("none");
        if (!bias.equals("none")) {
            throw new UserError(
                    file + ": bias is '" + bias
                            + "', so the base's own biases were trained too; only none is supported, so merge the adapter with PEFT and use the merged model.");
        }
        for (String key : UNSUPPORTED) {
            JsonNode value = json.path(key);
            boolean empty = value.isMissingNode()
                    || value.isNull()
                    || value.isBoolean() && !value.booleanValue()
                    || value.isContainerNode() && value.isEmpty();
            if (!empty) {
                throw new UserError(file + ": " + key + " " + value
                        + " is not supported; merge the adapter with PEFT and use the merged model.");
            }
        }
        String initialisation = json.path("init_lora_weights").asText("");
        if (!PLAIN_INITIALISATIONS.contains(initialisation)) {
            throw new UserError(
                    file + ": init_lora_weights " + initialisation
                            + " changes the base's weights too; convert the adapter to plain LoRA with PEFT (path_initial_model_for_weight_conversion), or merge it.");
        }
        int rank = json.path("r").asInt(8);
        double alpha = json.path("lora_alpha").asDouble(8);
        if (rank < 1 || !(alpha > 0)) {
            throw new UserError(file + ": r " + json.path("r") + " and lora_alpha " + json.path("lora_alpha")
                    + " must be above 0; copy the adapter again.");
        }
        return new LoraConfig(
                rank,
                alpha,
                json.path("lora_dropout").asDouble(0),
                texts(json.path("target_modules")),
                texts(json.path("modules_to_save")),
                json.path("use_rslora").asBoolean(false),
                json.path("use_dora").asBoolean(false));
    }

    private static List<String> texts(JsonNode node) {
        List<String> texts = new ArrayList<>();
        if (node.isTextual()) {
            texts.add(node.textValue());
        }
        node.forEach(n -> texts.add(n.asText()));
        return texts;
    }

    /** What PEFT reads. */
    static ObjectNode write(LoraConfig lora, List<String> targets, List<String> saved, Path base, Task task) {
        ObjectNode json = Json.MAPPER.createObjectNode();
        json.put("peft_type", "LORA").put("task_type", task.name());
        json.put("base_model_name_or_path", base.toString());
        json.put("inference_mode", true).put("bias", "none").put("fan_in_fan_out", false);
        json.put("init_lora_weights", true).put("r", lora.r());
        // PEFT declares a whole number; a fraction is read as it is.
        if (lora.loraAlpha() == Math.rint(lora.loraAlpha())) {
            json.put("lora_alpha", lora.loraAlpha().longValue());
        } else {
            json.put("lora_alpha", lora.loraAlpha());
        }
        json.put("lora_dropout", lora.loraDropout());
        json.put("use_rslora", lora.useRslora()).put("use_dora", lora.useDora());
        targets.forEach(json.putArray("target_modules")::add);
        if (saved.isEmpty()) {
            json.putNull("modules_to_save");
        } else {
            ArrayNode array = json.putArray("modules_to_save");
            saved.forEach(array::add);
        }
        json.set("rank_pattern", Json.MAPPER.valueToTree(Map.of()));
        json.set("alpha_pattern", Json.MAPPER.valueToTree(Map.of()));
        return json;
    }
}

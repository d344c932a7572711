package dev.flipside.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.LoraConfig;
import dev.flipside.config.LoraConfig.Bias;
import dev.flipside.config.LoraConfig.Initialisation;
import dev.flipside.config.Spelling;
import dev.flipside.config.UserError;
import dev.flipside.model.family.ConfigJson;
import dev.flipside.safetensors.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Between PEFT's {@code adapter_config.json} and {@link LoraConfig}. What would change the numbers and is not supported
 * is refused, never ignored.
 */
final class AdapterConfig {

    private static final String MERGE = "; merge the adapter with PEFT and use the merged model.";

    /** Keys of PEFT whose every value but none, false and empty means another function, and which one. */
    private static final Map<String, String> UNSUPPORTED = unsupported();

    /**
     * Values of {@code init_lora_weights} that leave the base as it is; where an adapter is read it does not matter how
     * it began.
     */
    private static final List<String> PLAIN_INITIALISATIONS = List.of("", "true", "false", "null", "eva", "lora_ga");

    private AdapterConfig() {}

    private static Map<String, String> unsupported() {
        Map<String, String> keys = new LinkedHashMap<>();
        keys.put("layer_replication", "repeats layers of the base, which makes another model of it");
        keys.put("megatron_config", "is for layers of Megatron, which no model in this format has");
        keys.put("use_qalora", "adds up groups of inputs first");
        keys.put("use_bdlora", "makes A or B block-diagonal");
        keys.put("alora_invocation_tokens", "switches the adapter on in the middle of a text");
        keys.put("arrow_config", "chooses among several adapters for each token");
        keys.put("velora_config", "compresses the inputs that gradients are made of");
        keys.put("monteclora_config", "draws the weights anew for each pass");
        keys.put("kasa_config", "takes the smallest singular parts out of the base");
        keys.put("target_parameters", "adapts parameters that are not modules");
        return keys;
    }

    /** @throws UserError naming the key that is missing or not supported */
    static LoraConfig read(Path file, ObjectNode json) {
        String type = json.path("peft_type").asText("");
        if (!type.equals("LORA")) {
            throw new UserError(file + ": peft_type is '" + type
                    + "' and only LORA is supported (with use_rslora and use_dora)" + MERGE);
        }
        UNSUPPORTED.forEach((key, meaning) -> {
            if (given(json.path(key))) {
                throw new UserError(
                        file + ": " + key + " " + json.path(key) + " is not supported, because it " + meaning + MERGE);
            }
        });
        ConfigJson keys = new ConfigJson(file, json);
        keys.flag("fan_in_fan_out", false); // which way a matrix lies is read from the weights
        return new LoraConfig(
                keys.positive("r").orElse(8),
                keys.number("lora_alpha", 8),
                dropout(keys),
                texts(keys, "target_modules"),
                texts(keys, "modules_to_save"),
                keys.flag("use_rslora", false),
                keys.flag("use_dora", false),
                bias(keys),
                keys.flag("lora_bias", false),
                initialisation(file, json),
                patterns(file, json, "rank_pattern", JsonNode::asInt),
                patterns(file, json, "alpha_pattern", JsonNode::asDouble),
                texts(keys, "exclude_modules"),
                List.of(),
                List.of(),
                keys.flag("ensure_weight_tying", false));
    }

    private static boolean given(JsonNode value) {
        boolean empty = value.isMissingNode()
                || value.isNull()
                || value.isBoolean() && !value.booleanValue()
                || value.isContainerNode() && value.isEmpty();
        return !empty;
    }

    private static double dropout(ConfigJson keys) {
        double dropout = keys.numberOrZero("lora_dropout", 0);
        if (dropout >= 1) {
            throw keys.wrong("lora_dropout", "is " + dropout + ", which leaves nothing; copy the adapter again");
        }
        return dropout;
    }

    private static Bias bias(ConfigJson keys) {
        String bias = keys.text("bias", "none");
        for (Bias known : Bias.values()) {
            if (name(known).equals(bias)) {
                return known;
            }
        }
        throw keys.wrong("bias", "is '" + bias + "', and PEFT knows none, lora_only and all; copy the adapter again");
    }

    private static Initialisation initialisation(Path file, ObjectNode json) {
        String name = json.path("init_lora_weights").asText("").toLowerCase(Locale.ROOT);
        if (PLAIN_INITIALISATIONS.contains(name)) {
            return Initialisation.DEFAULT;
        }
        for (Initialisation known : Initialisation.values()) {
            if (name(known).equals(name)) {
                return known;
            }
        }
        if (name.startsWith("pissa_niter_")) {
            throw new UserError(
                    file + ": init_lora_weights " + name
                            + " took parts out of the base that were found by random draws and are not in the adapter, so that PEFT too computes other numbers at each loading; where it was trained, save it with path_initial_model_for_weight_conversion.");
        }
        throw new UserError(
                file + ": init_lora_weights " + name
                        + " changed the base by what is not in the adapter; where it was trained, save it with PEFT as plain LoRA (path_initial_model_for_weight_conversion), or merge it.");
    }

    private static <T> Map<String, T> patterns(Path file, ObjectNode json, String key, Function<JsonNode, T> value) {
        Map<String, T> patterns = new LinkedHashMap<>();
        new ConfigJson(file, json).object(key); // nothing else stands for patterns
        json.path(key).properties().forEach(entry -> {
            try {
                Pattern.compile(entry.getKey());
            } catch (PatternSyntaxException e) {
                throw new UserError(
                        file + ": " + key + " '" + entry.getKey() + "' is no regular expression (" + e.getDescription()
                                + "); copy the adapter again.",
                        e);
            }
            if (!entry.getValue().isNumber() || !(entry.getValue().doubleValue() > 0)) {
                throw new UserError(file + ": " + key + "." + entry.getKey() + " " + entry.getValue()
                        + " must be a number above 0; copy the adapter again.");
            }
            patterns.put(entry.getKey(), value.apply(entry.getValue()));
        });
        return patterns;
    }

    /** One text or a list of them. */
    private static List<String> texts(ConfigJson keys, String key) {
        List<String> texts = new ArrayList<>();
        keys.get(key).ifPresent(given -> {
            for (JsonNode text : given.isArray() ? given : List.of(given)) {
                if (!text.isTextual()) {
                    throw keys.wrong(key, "is " + given + ", which is neither a text nor a list of texts");
                }
                texts.add(text.textValue());
            }
        });
        return texts;
    }

    /**
     * {@code trainable_token_indices}: the ids of tokens whose rows the adapter holds, by the end of their module's
     * path.
     *
     * @param embedding what a plain list stands for
     * @param tokens of the vocabulary
     * @param where an error begins with it
     * @throws UserError when they are no token ids
     */
    static Map<String, long[]> tokens(JsonNode json, String embedding, long tokens, String where) {
        JsonNode given = json.path("trainable_token_indices");
        Map<String, long[]> found = new LinkedHashMap<>();
        if (given.isArray() && !given.isEmpty()) {
            found.put(embedding, ids(given, tokens, where));
        }
        if (given.isObject()) {
            given.properties().forEach(entry -> found.put(entry.getKey(), ids(entry.getValue(), tokens, where)));
        }
        return found;
    }

    private static long[] ids(JsonNode node, long tokens, String where) {
        long[] ids = new long[node.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = node.get(i).asLong(-1);
            if (!node.get(i).isIntegralNumber() || ids[i] < 0 || ids[i] >= tokens) {
                throw new UserError(where + "trainable_token_indices holds " + node.get(i)
                        + ", which is no token of a vocabulary of " + tokens + "; ids go from 0 to " + (tokens - 1)
                        + ".");
            }
        }
        return ids;
    }

    /** What PEFT reads. */
    static ObjectNode write(LoraConfig lora, List<String> targets, List<String> saved, Path base, TaskType task) {
        ObjectNode json = Json.MAPPER.createObjectNode();
        json.put("peft_type", "LORA").put("task_type", task.name());
        json.put("base_model_name_or_path", base.toString());
        json.put("inference_mode", true).put("bias", name(lora.bias())).put("fan_in_fan_out", false);
        if (lora.initLoraWeights() == Initialisation.DEFAULT) {
            json.put("init_lora_weights", true);
        } else {
            json.put("init_lora_weights", name(lora.initLoraWeights()));
        }
        json.put("r", lora.r());
        json.set("lora_alpha", number(lora.loraAlpha()));
        json.put("lora_dropout", lora.loraDropout());
        json.put("use_rslora", lora.useRslora()).put("use_dora", lora.useDora());
        texts(json, "target_modules", Optional.of(targets));
        texts(json, "modules_to_save", Optional.of(saved).filter(s -> !s.isEmpty()));
        json.set("rank_pattern", Json.MAPPER.valueToTree(lora.rankPattern()));
        ObjectNode alphas = json.putObject("alpha_pattern");
        lora.alphaPattern().forEach((pattern, alpha) -> alphas.set(pattern, number(alpha)));
        writeRare(lora, json);
        return json;
    }

    /** Keys that an older PEFT may not know are written where they say something. */
    private static void writeRare(LoraConfig lora, ObjectNode json) {
        if (lora.loraBias()) {
            json.put("lora_bias", true);
        }
        if (!lora.excludeModules().isEmpty()) {
            texts(json, "exclude_modules", Optional.of(lora.excludeModules()));
        }
        if (!lora.layersToTransform().isEmpty()) {
            lora.layersToTransform().forEach(json.putArray("layers_to_transform")::add);
        }
        if (!lora.trainableTokenIndices().isEmpty()) {
            lora.trainableTokenIndices().forEach(json.putArray("trainable_token_indices")::add);
        }
        if (lora.ensureWeightTying()) {
            json.put("ensure_weight_tying", true);
        }
    }

    /** How PEFT writes a choice. */
    static String name(Enum<?> value) {
        return Spelling.of(value);
    }

    private static void texts(ObjectNode json, String key, Optional<List<String>> texts) {
        if (texts.isPresent()) {
            texts.get().forEach(json.putArray(key)::add);
        } else {
            json.putNull(key);
        }
    }

    /** PEFT declares a whole number; a fraction is read as it is. */
    private static JsonNode number(double alpha) {
        return alpha == Math.rint(alpha)
                ? Json.MAPPER.getNodeFactory().numberNode((long) alpha)
                : Json.MAPPER.getNodeFactory().numberNode(alpha);
    }
}

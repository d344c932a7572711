package dev.flipside.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import dev.flipside.safetensors.WeightType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The JSON files of a model directory beside tokenizer.json: config.json, generation_config.json and
 * tokenizer_config.json.
 */
final class ModelJson {
    private final Architecture architecture;
    private final Hyperparameters sizes;
    private final Vocabulary vocabulary;
    private final Metadata metadata;

    ModelJson(Architecture architecture, Hyperparameters sizes, Vocabulary vocabulary) {
        this.architecture = architecture;
        this.sizes = sizes;
        this.vocabulary = vocabulary;
        this.metadata = vocabulary.metadata();
    }

    ObjectNode config(boolean tiedHead, WeightType type) {
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.putArray("architectures").add(architecture.className());
        config.put("model_type", architecture.modelType());
        architecture.configRule().write(sizes, config);
        config.put("vocab_size", sizes.vocabulary());
        config.put("tie_word_embeddings", tiedHead);
        // Said even where there is none: transformers would take its own default instead.
        id(config, "bos_token_id", vocabulary.bos());
        id(config, "eos_token_id", vocabulary.eos());
        id(config, "pad_token_id", vocabulary.pad());
        return config.put("torch_dtype", type.configName());
    }

    ObjectNode generationConfig() {
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        id(config, "bos_token_id", vocabulary.bos());
        Set<Integer> ends = vocabulary.ends();
        if (ends.size() > 1) {
            ArrayNode ids = config.putArray("eos_token_id");
            ends.forEach(ids::add);
        } else {
            id(config, "eos_token_id", ends.stream().mapToInt(i -> i).findFirst());
        }
        id(config, "pad_token_id", vocabulary.pad());
        return config;
    }

    ObjectNode tokenizerConfig(TokenizerJson tokenizer) {
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        // The class that reads tokenizer.json as it is; those of single families build their own from the vocabulary.
        config.put("tokenizer_class", "PreTrainedTokenizerFast");
        ObjectNode added = config.putObject("added_tokens_decoder");
        for (int id = 0; id < vocabulary.size(); id++) {
            if (tokenizer.added(id)) {
                ObjectNode token = tokenizer.addedToken(id);
                token.remove("id");
                added.set(Integer.toString(id), token);
            }
        }
        token(config, "bos_token", vocabulary.bos());
        token(config, "eos_token", vocabulary.eos());
        token(config, "pad_token", vocabulary.pad());
        token(config, "unk_token", vocabulary.unknown());
        config.put("clean_up_tokenization_spaces", false);
        config.put("model_max_length", sizes.requiredPositive("context_length"));
        Map<String, String> templates = chatTemplates();
        if (templates.size() == 1 && templates.containsKey("default")) {
            config.put("chat_template", templates.get("default"));
        } else if (!templates.isEmpty()) {
            ArrayNode list = config.putArray("chat_template");
            templates.forEach(
                    (name, template) -> list.addObject().put("name", name).put("template", template));
        }
        return config;
    }

    /** Templates by name; the one without a name is called default. */
    private Map<String, String> chatTemplates() {
        Map<String, String> templates = new LinkedHashMap<>();
        metadata.text(Vocabulary.TEMPLATE).ifPresent(template -> templates.put("default", template));
        for (String name : metadata.texts("tokenizer.chat_templates").orElse(List.of())) {
            Optional<String> template = metadata.text(Vocabulary.TEMPLATE + "." + name);
            templates.putIfAbsent(
                    name,
                    template.orElseThrow(() -> new UserError(metadata.file() + ": lists a chat template '" + name
                            + "' and has none of that name; the file is damaged.")));
        }
        return templates;
    }

    boolean hasChatTemplate() {
        return !chatTemplates().isEmpty();
    }

    private static void id(ObjectNode config, String key, OptionalInt id) {
        if (id.isPresent()) {
            config.put(key, id.getAsInt());
        } else {
            config.putNull(key);
        }
    }

    private void token(ObjectNode config, String key, OptionalInt id) {
        id.ifPresent(i -> config.put(key, vocabulary.token(i)));
    }
}

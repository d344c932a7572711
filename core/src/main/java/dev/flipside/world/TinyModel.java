package dev.flipside.world;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The Hugging Face directory of the worlds' policy before it has weights: a decoder of some {@link ModelShape} and a
 * tokenizer with one token per word.
 */
final class TinyModel {
    static final int CONTEXT = 48;

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private TinyModel() {}

    /** Writes {@code config.json}, {@code tokenizer.json} and {@code tokenizer_config.json}. */
    static void write(Path directory, ModelShape shape) throws IOException {
        Files.createDirectories(directory);
        write(directory.resolve("config.json"), config(shape));
        write(directory.resolve("tokenizer.json"), tokenizer());
        write(directory.resolve("tokenizer_config.json"), tokenizerConfig());
    }

    private static void write(Path file, ObjectNode json) throws IOException {
        JSON.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), json);
    }

    private static ObjectNode config(ModelShape shape) {
        ObjectNode config = JSON.createObjectNode();
        config.putArray("architectures").add(shape.family().architecture());
        config.put("model_type", shape.family().modelType())
                .put("dtype", "float32")
                .put("vocab_size", Vocabulary.words().size())
                .put("hidden_size", shape.hidden())
                .put("intermediate_size", shape.intermediate())
                .put("num_hidden_layers", shape.layers())
                .put("num_attention_heads", shape.heads())
                .put("num_key_value_heads", shape.keyValueHeads())
                .put("head_dim", shape.hidden() / shape.heads())
                .put("max_position_embeddings", CONTEXT)
                .put("hidden_act", "silu")
                .put("rms_norm_eps", 1e-5)
                .put("rope_theta", 10000.0)
                .put("tie_word_embeddings", true)
                .put("initializer_range", 0.02)
                .put("pad_token_id", id(Vocabulary.PAD))
                .put("bos_token_id", id(Vocabulary.BOS))
                .put("eos_token_id", id(Vocabulary.EOS));
        return config;
    }

    /**
     * Words parted by white space; a {@code <bos>} before every text. There is no unknown word: a text with one is
     * refused.
     */
    private static ObjectNode tokenizer() {
        ObjectNode tokenizer = JSON.createObjectNode();
        tokenizer.put("version", "1.0").putNull("truncation").putNull("padding").putNull("normalizer");
        ArrayNode added = tokenizer.putArray("added_tokens");
        for (String token : Vocabulary.special()) {
            added.addObject()
                    .put("id", id(token))
                    .put("content", token)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        tokenizer.putObject("pre_tokenizer").put("type", "WhitespaceSplit");
        ObjectNode processor = tokenizer.putObject("post_processor").put("type", "TemplateProcessing");
        ArrayNode single = processor.putArray("single");
        single.addObject().putObject("SpecialToken").put("id", Vocabulary.BOS).put("type_id", 0);
        single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        ArrayNode pair = single.deepCopy();
        pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
        processor.set("pair", pair);
        ObjectNode bos = processor.putObject("special_tokens").putObject(Vocabulary.BOS);
        bos.put("id", Vocabulary.BOS).putArray("ids").add(id(Vocabulary.BOS));
        bos.putArray("tokens").add(Vocabulary.BOS);
        tokenizer.putNull("decoder");
        ObjectNode model = tokenizer.putObject("model").put("type", "WordLevel");
        ObjectNode vocabulary = model.putObject("vocab");
        List<String> words = Vocabulary.words();
        for (int i = 0; i < words.size(); i++) {
            vocabulary.put(words.get(i), i);
        }
        model.put("unk_token", "<unk>");
        return tokenizer;
    }

    private static ObjectNode tokenizerConfig() {
        return JSON.createObjectNode()
                .put("tokenizer_class", "PreTrainedTokenizerFast")
                .put("bos_token", Vocabulary.BOS)
                .put("eos_token", Vocabulary.EOS)
                .put("pad_token", Vocabulary.PAD)
                .put("clean_up_tokenization_spaces", false)
                .put("model_max_length", CONTEXT);
    }

    static int id(String word) {
        return Vocabulary.words().indexOf(word);
    }
}

package dev.flipside.cli;

import dev.flipside.TestResources;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Seeds;
import dev.flipside.model.RewardModel;
import dev.flipside.model.TinyModels;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The directories that commands are given in tests: a random one-layer Llama with core's ChatML test tokenizer, and
 * reward models.
 */
public final class TinyModel {
    public static final int CONTEXT = 96;
    private static final int HIDDEN = 16;

    private TinyModel() {}

    /** Writes a causal language model. */
    public static Path policy(Path directory) {
        return policy(directory, "llama");
    }

    /** Writes one of another family. */
    public static Path policy(Path directory, String modelType) {
        NativeLibrary.load();
        TinyModels.of(modelType)
                .config(c -> c.put("vocab_size", 320)
                        .put("hidden_size", HIDDEN)
                        .put("intermediate_size", HIDDEN)
                        .put("num_hidden_layers", 1)
                        .put("num_attention_heads", 2)
                        .put("num_key_value_heads", 1)
                        .put("max_position_embeddings", CONTEXT)
                        .put("tie_word_embeddings", true)
                        .remove("pad_token_id"))
                .spread(0.5)
                .write(directory);
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            TestResources.copy("text/tiny-chatml/" + name, directory.resolve(name));
        }
        return directory;
    }

    /** Writes a reward model whose value head is a constant. */
    public static Path rewardModel(Path policy, Path directory, double value) throws IOException {
        Files.createDirectories(directory);
        try (RewardModel model = RewardModel.fromBackbone(policy, Device.CPU, new Seeds(1))) {
            model.setValueHead(new double[HIDDEN], value);
            model.save(directory, WeightType.F32);
        }
        return directory;
    }

    /** Writes core's reward model whose tokenizer merges line breaks, with a ChatML template. */
    public static Path wholeText(Path directory) throws IOException {
        NativeLibrary.load();
        Files.createDirectories(directory);
        for (String name : List.of(
                "model/config.json",
                "model/model.safetensors",
                "line-breaks/tokenizer.json",
                "line-breaks/tokenizer_config.json")) {
            TestResources.copy(
                    "text/wholetext/" + name, directory.resolve(Path.of(name).getFileName()));
        }
        TestResources.copy("text/templates/chatml.jinja", directory.resolve("chat_template.jinja"));
        return directory;
    }
}

package dev.flipside.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import dev.flipside.model.family.ConfigJson;
import dev.flipside.model.family.Family;
import dev.flipside.safetensors.Json;
import dev.flipside.safetensors.WeightFiles;
import dev.flipside.safetensors.WeightSource;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes a Hugging Face directory for a model that comes from elsewhere, file by file; its weights never lie in memory
 * together.
 */
public final class ModelWriter {
    private static final Set<String> JSON_FILES =
            Set.of("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json");

    private final Path directory;

    /** @param directory an existing, empty directory */
    public ModelWriter(Path directory) {
        this.directory = directory;
    }

    /**
     * Writes config.json.
     *
     * @throws UserError when it describes a model that no family here can run
     */
    public void writeConfig(ObjectNode config) {
        writeJson("config.json", config);
        Path file = directory.resolve("config.json");
        ConfigJson reader = new ConfigJson(file, config);
        Family.of(file, reader).checked(reader);
    }

    /** Writes one of the other JSON files of a model directory. */
    public void writeJson(String name, ObjectNode object) {
        if (!JSON_FILES.contains(name)) {
            throw new IllegalArgumentException(name);
        }
        Json.write(directory.resolve(name), object);
    }

    /**
     * Writes all weights: one file, or shards of 5 GB with their index.
     *
     * @param shapes the tensors by their names in transformers, in the order in which their numbers are asked for
     */
    public void writeWeights(Map<String, List<Long>> shapes, WeightType type, WeightSource source) {
        WeightFiles.write(directory, shapes, type, WeightFiles.SHARD_BYTES, source);
    }
}

package dev.flipside.gguf;

import dev.flipside.model.ModelWriter;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Imports the fixtures for {@code gguf/check_imports.py}, which loads them in transformers.
 *
 * <p>Arguments: the directory of the fixtures, and one to write to. Unlike the command it writes models of
 * architectures that the decoder does not know, too.
 */
final class ImportFixtures {
    private ImportFixtures() {}

    public static void main(String[] args) throws IOException {
        List<Path> files;
        try (var list = Files.list(Path.of(args[0]))) {
            files = list.filter(f -> f.toString().endsWith(".gguf")).sorted().toList();
        }
        for (Path file : files) {
            GgufImport model = GgufImport.open(file);
            Path directory = Files.createDirectories(
                    Path.of(args[1], file.getFileName().toString().replace(".gguf", "")));
            ModelWriter writer = new ModelWriter(directory);
            writer.writeJson("config.json", model.config(WeightType.F32));
            model.writeTokenizer(directory);
            Map<String, List<Long>> shapes = new LinkedHashMap<>();
            model.tensors().forEach(t -> shapes.put(t.name(), t.shape()));
            try (DequantisedWeights weights = model.weights(WeightType.F32)) {
                writer.writeWeights(shapes, WeightType.F32, weights);
            }
        }
    }
}

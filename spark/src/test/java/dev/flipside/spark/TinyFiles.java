package dev.flipside.spark;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Random models of one layer, and rows for them. */
final class TinyFiles {
    private static final int HIDDEN = 16;
    private static final List<String> WORDS =
            List.of("a", "the", "tree", "sings", "under", "blue", "water", "and", "why", "not", "3", "is");

    private TinyFiles() {}

    static Path policy(Path directory) {
        NativeLibrary.load();
        TinyModels.of("llama")
                .config(c -> c.put("vocab_size", 320)
                        .put("hidden_size", HIDDEN)
                        .put("intermediate_size", HIDDEN)
                        .put("num_hidden_layers", 1)
                        .put("num_attention_heads", 2)
                        .put("num_key_value_heads", 1)
                        .put("max_position_embeddings", 96)
                        .put("tie_word_embeddings", true)
                        .remove("pad_token_id"))
                .spread(0.5)
                .write(directory);
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            TestResources.copy("text/tiny-chatml/" + name, directory.resolve(name));
        }
        return directory;
    }

    static Path rewardModel(Path policy, Path directory) throws IOException {
        Files.createDirectories(directory);
        try (RewardModel model = RewardModel.fromBackbone(policy, Device.CPU, new Seeds(1))) {
            model.setValueHead(
                    IntStream.range(0, HIDDEN).mapToDouble(i -> 0.1 * i - 0.7).toArray(), 0.25);
            model.save(directory, WeightType.F32);
        }
        return directory;
    }

    /** Rows with prompt and completion, of lengths that differ. */
    static List<ObjectNode> rows(int count) {
        SplittableRandom random = new SplittableRandom(7);
        return IntStream.range(0, count)
                .mapToObj(i -> JsonNodeFactory.instance
                        .objectNode()
                        .put("id", "row " + i)
                        .put("prompt", words(random, 1 + random.nextInt(4)))
                        .put("completion", words(random, 1 + random.nextInt(5))))
                .toList();
    }

    private static String words(SplittableRandom random, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> WORDS.get(random.nextInt(WORDS.size())))
                .collect(Collectors.joining(" "));
    }

    static Path write(Path file, List<ObjectNode> rows) throws IOException {
        Files.createDirectories(file.getParent());
        return Files.writeString(file, rows.stream().map(row -> row + "\n").collect(Collectors.joining()));
    }

    /** The part files of a folder, one after another. */
    static String parts(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            StringBuilder all = new StringBuilder();
            for (Path file : files.filter(f -> f.getFileName().toString().startsWith("part-"))
                    .sorted()
                    .toList()) {
                all.append(Files.readString(file));
            }
            return all.toString();
        }
    }
}

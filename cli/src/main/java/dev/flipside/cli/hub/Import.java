package dev.flipside.cli.hub;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Progress;
import dev.flipside.cli.console.Table;
import dev.flipside.gguf.GgufImport;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code flipside import}: a GGUF file as a Hugging Face directory. */
@Command(
        name = "import",
        description = {
            "Makes a Hugging Face directory from a GGUF file.",
            "Weights are dequantised to what llama.cpp computes with; configuration, tokenizer and chat template are made again from the file's metadata.",
            "Of a split model give any part; the others must lie beside it."
        })
public final class Import extends FlipsideCommand {
    private static final long MEGABYTE = 1_000_000;

    @Parameters(index = "0", paramLabel = "FILE", description = "A model in the GGUF format.")
    private Path file;

    @Parameters(index = "1", paramLabel = "DIR", description = "The directory to make; it must not exist.")
    private Path directory;

    @Mixin
    private WeightTypeOption dtype;

    @Override
    protected int run(Console console) {
        WeightType type = dtype.type();
        GgufImport.requireAbsent(directory);
        GgufImport model = GgufImport.open(file);
        long bytes = model.parameters() * type.bytes();
        try (Progress progress = console.progress("import", Math.max(1, bytes / MEGABYTE), "MB")) {
            model.write(directory, type, written -> progress.at(written / MEGABYTE, ""));
        }
        console.result(() -> table(model, bytes), json(model, bytes));
        return ExitCode.OK;
    }

    private String table(GgufImport model, long bytes) {
        String types = model.types().entrySet().stream()
                .map(e -> e.getValue() + " " + e.getKey())
                .collect(Collectors.joining(", "));
        return Table.of(List.of(
                        List.of("model", model.architecture() + " as " + model.modelType()),
                        List.of("parameters", Numbers.count(model.parameters())),
                        List.of("tensors", types),
                        List.of("tokenizer", Numbers.count(model.vocabularySize()) + " tokens"),
                        List.of("chat template", model.hasChatTemplate() ? "yes" : "none"),
                        List.of(
                                "weights",
                                Numbers.megabytes(bytes) + " as " + dtype.type().configName()),
                        List.of("written to", directory.toString())))
                .render();
    }

    private Map<String, Object> json(GgufImport model, long bytes) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("file", file.toString());
        json.put("directory", directory.toString());
        json.put("architecture", model.architecture());
        json.put("model_type", model.modelType());
        json.put("parameters", model.parameters());
        json.put("tensors", model.tensorCount());
        json.put("types", model.types());
        json.put("vocabulary", model.vocabularySize());
        json.put("chat_template", model.hasChatTemplate());
        json.put("dtype", dtype.type().configName());
        json.put("weight_bytes", bytes);
        return json;
    }
}

package dev.flipside.cli;

import dev.flipside.gguf.GgufImport;
import dev.flipside.model.WeightType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code flipside import}: a GGUF file as a Hugging Face directory. */
@Command(
        name = "import",
        description = {
            "Makes a Hugging Face directory from a GGUF file.",
            "Weights are dequantised to what llama.cpp computes with; configuration, tokenizer and chat template are made again from the file's metadata.",
            "Of a split model give any part; the others must lie beside it."
        })
final class Import extends FlipsideCommand {
    private static final long MEGABYTE = 1_000_000;

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "A model in the GGUF format.")
    private Path file;

    @Parameters(index = "1", paramLabel = "DIR", description = "The directory to make; it must not exist.")
    private Path directory;

    @Option(
            names = "--dtype",
            paramLabel = "T",
            defaultValue = "float32",
            description =
                    "float32, bfloat16 or float16: what the weights are written as (default: ${DEFAULT-VALUE}, in which"
                            + " every number is exact).")
    private String dtype;

    @Override
    int run(Console console) {
        WeightType type = type();
        GgufImport.requireAbsent(directory);
        GgufImport model = GgufImport.open(file);
        long bytes = model.parameters() * type.bytes();
        try (Progress progress = console.progress("import", Math.max(1, bytes / MEGABYTE), "MB")) {
            model.write(directory, type, written -> progress.at(written / MEGABYTE, ""));
        }
        console.result(() -> table(model, bytes), json(model, bytes));
        return ExitCode.OK;
    }

    private WeightType type() {
        return Arrays.stream(WeightType.values())
                .filter(t -> t.configName().equals(dtype))
                .findFirst()
                .orElseThrow(() -> new ParameterException(
                        spec.commandLine(), "--dtype is " + dtype + ", it must be float32, bfloat16 or float16"));
    }

    private String table(GgufImport model, long bytes) {
        String types = model.types().entrySet().stream()
                .map(e -> e.getValue() + " " + e.getKey())
                .collect(Collectors.joining(", "));
        return Table.of(List.of(
                        List.of("model", model.architecture() + " as " + model.modelType()),
                        List.of("parameters", String.format(Locale.ROOT, "%,d", model.parameters())),
                        List.of("tensors", types),
                        List.of("tokenizer", String.format(Locale.ROOT, "%,d tokens", model.vocabularySize())),
                        List.of("chat template", model.hasChatTemplate() ? "yes" : "none"),
                        List.of("weights", String.format(Locale.ROOT, "%.1f MB as %s", bytes / 1e6, dtype)),
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
        json.put("dtype", dtype);
        json.put("weight_bytes", bytes);
        return json;
    }
}

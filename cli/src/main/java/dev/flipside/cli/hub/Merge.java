package dev.flipside.cli.hub;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.console.Console;
import dev.flipside.config.Spelling;
import dev.flipside.safetensors.WeightType;
import dev.flipside.train.AdapterMerge;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flipside merge}: between an adapter and a model that needs none. */
@Command(
        name = "merge",
        description = {
            "Writes the model that an adapter (LoRA, rsLoRA or DoRA in PEFT's layout) makes of its base: a Hugging Face directory of its own.",
            "With --unmerge-from the way back: takes the adapter off a model that it was merged into. DoRA and adapters with modules of their own cannot be taken off."
        })
public final class Merge extends FlipsideCommand {
    @Parameters(
            index = "0",
            paramLabel = "ADAPTER",
            description = "The adapter's directory, or org/name[@revision] on the Hub.")
    private Path adapter;

    @Parameters(index = "1", paramLabel = "OUT", description = "The directory to write; must not exist.")
    private Path target;

    @Option(
            names = "--unmerge-from",
            paramLabel = "MODEL",
            description =
                    "A model that the adapter was merged into, also by its name on the Hub; OUT is then its base, but for rounding.")
    private Optional<Path> merged;

    @Mixin
    private WeightTypeOption dtype;

    @Override
    protected int run(Console console) {
        WeightType type = dtype.type();
        Path from = inputs(console).model("ADAPTER", adapter.toString());
        Optional<Path> without = merged.map(model -> inputs(console).model("--unmerge-from", model.toString()));
        NativeLibraries.load(console);
        AdapterMerge.Kind kind = without.map(model -> AdapterMerge.unmerge(model, from, target, type))
                .orElseGet(() -> AdapterMerge.merge(from, target, type));
        String what = Spelling.of(kind);
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("adapter", adapter.toString());
        merged.ifPresent(model -> object.put("unmerged_from", model.toString()));
        object.put("written", target.toString());
        object.put("kind", what);
        object.put("dtype", type.configName());
        console.result(
                () -> "wrote the " + what.replace('_', ' ') + " " + target
                        + (merged.isPresent() ? " without the adapter" : ""),
                object);
        return ExitCode.OK;
    }
}

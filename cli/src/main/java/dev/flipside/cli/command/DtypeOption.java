package dev.flipside.cli.command;

import dev.flipside.config.Spelling;
import dev.flipside.model.Precision;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --dtype} of commands that run a model, as {@code run.dtype} of those that train one. */
public final class DtypeOption {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private Optional<Precision> chosen = Optional.empty();

    @Option(
            names = "--dtype",
            paramLabel = "T",
            description = {
                "float32 or bfloat16 (default: float32).",
                "bfloat16 on the CPU rounds every matrix of weights and holds it in half the memory, all else is float32; on CUDA products are computed in it."
            })
    public void dtype(String name) {
        chosen = Optional.of(
                switch (name) {
                    case "float32" -> Precision.FLOAT32;
                    case "bfloat16" -> Precision.BFLOAT16;
                    default ->
                        throw new ParameterException(
                                command.commandLine(), "--dtype is " + name + ", it must be float32 or bfloat16");
                });
    }

    public boolean given() {
        return chosen.isPresent();
    }

    public Precision precision() {
        return chosen.orElse(Precision.FLOAT32);
    }

    /** As {@code run.dtype} spells it. */
    public String key() {
        return Spelling.of(precision());
    }
}

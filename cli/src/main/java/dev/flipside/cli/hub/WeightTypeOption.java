package dev.flipside.cli.hub;

import dev.flipside.safetensors.WeightType;
import java.util.Arrays;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code --dtype} of commands that write a model. A text, since the enum has to do with a native library, which help
 * and wrong input do without.
 */
final class WeightTypeOption {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--dtype",
            paramLabel = "T",
            defaultValue = "float32",
            description =
                    "What the weights are written as: float32, bfloat16 or float16, or f32, bf16, f16 (default: ${DEFAULT-VALUE}, in which every number is exact).")
    private String dtype;

    /** @throws ParameterException when it is none of them */
    WeightType type() {
        return Arrays.stream(WeightType.values())
                .filter(t -> t.configName().equals(dtype) || t.name().equalsIgnoreCase(dtype))
                .findFirst()
                .orElseThrow(() -> new ParameterException(
                        spec.commandLine(),
                        "--dtype is " + dtype + ", it must be float32, bfloat16 or float16 (or f32, bf16, f16)"));
    }
}

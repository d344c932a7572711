package dev.flipside.safetensors;

import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The floating types that weights are read from and written as. */
public enum WeightType {
    F32("float32", ScalarType.Float, 4),
    F16("float16", ScalarType.Half, 2),
    BF16("bfloat16", ScalarType.BFloat16, 2);

    private final String configName;
    private final ScalarType scalarType;
    private final int bytes;

    WeightType(String configName, ScalarType scalarType, int bytes) {
        this.configName = configName;
        this.scalarType = scalarType;
        this.bytes = bytes;
    }

    /** The type whose safetensors name this is ({@code F32}, {@code F16}, {@code BF16}). */
    static Optional<WeightType> ofSafeTensorsName(String name) {
        return Arrays.stream(values()).filter(t -> t.name().equals(name)).findFirst();
    }

    /** What {@code dtype} in config.json calls it. */
    public String configName() {
        return configName;
    }

    /** libtorch's name of the type. */
    public ScalarType scalarType() {
        return scalarType;
    }

    /** Bytes per number. */
    public int bytes() {
        return bytes;
    }
}

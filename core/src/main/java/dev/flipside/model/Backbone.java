package dev.flipside.model;

import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Parameters;
import dev.flipside.safetensors.WeightFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Frozen weights below an adapter, which adapters of other models on the same base may share: policy and reward model are then one decoder in memory.
 *
 * @param directory they came from
 * @param weights belong to the model that read them
 */
public record Backbone(Path directory, Parameters weights) {
    /**
     * What an adapter lies on.
     *
     * @param base at least the decoder's weights
     * @param shared whether someone else closes them
     */
    record Below(Parameters base, boolean shared) {
        ModelWeights adapted(Lora lora) {
            return ModelWeights.adapted(base, shared, lora);
        }

        /** With an adapter that is read; what was read for it is closed where it does not fit. */
        ModelWeights adapted(AdapterFiles adapter, WeightLayout layout) {
            try {
                return adapted(adapter.load(layout, base));
            } catch (RuntimeException e) {
                if (!shared) {
                    base.close();
                }
                throw e;
            }
        }
    }

    /** The frozen weights of a directory: another model's where that came from the same directory, or else read anew. */
    static Below below(ModelFiles files, Device device, Optional<Backbone> another, Supplier<Parameters> read) {
        return another.filter(b -> sameFile(b.directory, files.directory())
                        && b.weights.device().name().equals(device.name()))
                .map(b -> new Below(b.weights, true))
                .orElseGet(() -> new Below(read.get(), false));
    }

    /** The decoder alone, for models that bring their heads. */
    static Parameters decoder(ModelFiles files, Device device) {
        return WeightLayout.backbone(files.config()).load(WeightFiles.open(files.directory()), device);
    }

    private static boolean sameFile(Path a, Path b) {
        try {
            return Files.isSameFile(a, b);
        } catch (IOException e) {
            throw new UserError(b + ": cannot be read (" + IoReason.of(e) + "); check the path.", e);
        }
    }
}

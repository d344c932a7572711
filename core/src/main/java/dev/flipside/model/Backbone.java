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
 * Frozen weights below an adapter, which adapters of other models on the same base may share: policy and reward model
 * are then one decoder in memory.
 *
 * @param directory they came from
 * @param weights belong to the model that read them
 */
public record Backbone(Path directory, Parameters weights) {

    /**
     * The frozen weights of a directory: another model's where that came from the same directory, or else read anew.
     */
    static BackboneBase below(ModelFiles files, Device device, Optional<Backbone> another, Supplier<Parameters> read) {
        return another.filter(b -> sameFile(b.directory, files.directory())
                        && b.weights.device().name().equals(device.name()))
                .map(b -> new BackboneBase(b.weights, true))
                .orElseGet(() -> new BackboneBase(read.get(), false));
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

package dev.flipside.train;

import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.model.CausalLm;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.RewardModel;
import dev.flipside.run.DiskSpace;
import dev.flipside.safetensors.WeightType;
import java.nio.file.Files;
import java.nio.file.Path;

/** Between an adapter on its base and a model that needs no adapter, as directories. Written aside, then renamed. */
public final class AdapterMerge {
    /** What a directory turned out to hold. */
    public enum Kind {
        LANGUAGE_MODEL,
        REWARD_MODEL
    }

    private AdapterMerge() {}

    /**
     * Writes the model that an adapter makes of its base.
     *
     * @param target must not exist
     * @throws UserError when the directory is no adapter, does not fit its base, or the target is taken
     */
    public static Kind merge(Path adapter, Path target, WeightType type) {
        requireAdapter(adapter);
        requireFree(target);
        NativeLibrary.load();
        if (RewardModel.hasRewardHead(adapter)) {
            try (RewardModel model = RewardModel.load(adapter, Device.CPU);
                    RewardModel merged = model.merged()) {
                write(merged, target, type);
            }
            return Kind.REWARD_MODEL;
        }
        try (CausalLm model = CausalLm.load(adapter, Device.CPU);
                CausalLm merged = model.merged()) {
            write(merged, target, type);
        }
        return Kind.LANGUAGE_MODEL;
    }

    /**
     * Writes the base that is left when an adapter is taken off a model that it was merged into: the base's weights but
     * for rounding. A reward model keeps its heads.
     *
     * @param merged the model's directory
     * @param target must not exist
     * @throws UserError when the adapter does not fit the model or cannot be taken off (DoRA, modules saved whole), or
     *     the target is taken
     */
    public static Kind unmerge(Path merged, Path adapter, Path target, WeightType type) {
        requireAdapter(adapter);
        requireFree(target);
        if (ModelFiles.isAdapter(merged)) {
            throw new UserError(
                    merged
                            + ": is an adapter itself, not a model that one was merged into; its base is named in its adapter_config.json.");
        }
        NativeLibrary.load();
        if (RewardModel.hasRewardHead(merged)) {
            try (RewardModel model = RewardModel.load(merged, Device.CPU)) {
                model.unmerge(adapter);
                write(model, target, type);
            }
            return Kind.REWARD_MODEL;
        }
        try (CausalLm model = CausalLm.load(merged, Device.CPU)) {
            model.unmerge(adapter);
            write(model, target, type);
        }
        return Kind.LANGUAGE_MODEL;
    }

    private static void write(RewardModel model, Path target, WeightType type) {
        AtomicFolder.write(
                target, model.savedBytes(type), DiskSpace.OF_THE_FILE_SYSTEM, aside -> model.save(aside, type));
    }

    private static void write(CausalLm model, Path target, WeightType type) {
        AtomicFolder.write(
                target, model.savedBytes(type), DiskSpace.OF_THE_FILE_SYSTEM, aside -> model.save(aside, type));
    }

    private static void requireAdapter(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new UserError(directory + ": there is no such adapter directory; check the path.");
        }
        if (!ModelFiles.isAdapter(directory)) {
            throw new UserError(
                    directory
                            + ": has no adapter_config.json, so it is not an adapter in PEFT's layout; name the adapter's directory.");
        }
    }

    private static void requireFree(Path target) {
        if (Files.exists(target)) {
            throw new UserError(target + ": exists already; name a directory that does not.");
        }
    }
}

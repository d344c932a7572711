package dev.flipside.model;

import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.ParameterSlot;
import dev.flipside.engine.Parameters;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.TensorInfo;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** The value head beside a reward model's weights or adapter, always in float32; transformers and PEFT ignore it. */
final class ValueHeadFile {
    private static final String NAME = "value_head.safetensors";

    private ValueHeadFile() {}

    /** A head that is zero: {@code weight} [1, D] and {@code bias} [1]. */
    static Parameters zero(ModelFiles files, Device device) {
        return new Parameters(
                List.of(
                        new ParameterSlot(
                                RewardHeads.VALUE_WEIGHT, 1, files.config().hiddenSize()),
                        new ParameterSlot(RewardHeads.VALUE_BIAS, 1)),
                device);
    }

    static boolean in(Path directory) {
        return Files.exists(directory.resolve(NAME));
    }

    /**
     * Whether the file of that name is TRL's value head of a language model, which LLaMA-Factory trains as a reward
     * head.
     */
    static boolean isOfLanguageModel(Path directory) {
        return in(directory) && SafeTensors.header(directory.resolve(NAME)).containsKey("v_head.summary.weight");
    }

    /** @throws UserError when the file is malformed or of another shape */
    static void read(Path directory, Parameters into) {
        Path file = directory.resolve(NAME);
        Map<String, TensorInfo> header = SafeTensors.header(file);
        for (ParameterSlot slot : into.slots()) {
            List<Long> shape = Arrays.stream(slot.shape()).boxed().toList();
            TensorInfo info = header.get(slot.name());
            if (info == null || !info.shape().equals(shape)) {
                throw new UserError(file + ": must hold " + slot.name() + " of shape " + shape
                        + "; delete the file to start with a zero value head.");
            }
            SafeTensors.read(file, slot.name(), info, into.get(slot.name()));
        }
    }

    static void write(Path directory, Parameters head) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        head.slots().forEach(s -> tensors.put(s.name(), head.get(s.name())));
        SafeTensors.write(directory.resolve(NAME), tensors, WeightType.F32);
    }

    /** Deletes what an earlier save left. */
    static void remove(Path directory) {
        try {
            Files.deleteIfExists(directory.resolve(NAME));
        } catch (IOException e) {
            throw new UserError(directory + ": an older value head cannot be removed (" + IoReason.of(e) + ").", e);
        }
    }
}

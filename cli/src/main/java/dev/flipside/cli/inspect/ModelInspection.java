package dev.flipside.cli.inspect;

import com.sun.management.OperatingSystemMXBean;
import dev.flipside.config.RunConfig;
import dev.flipside.engine.Device;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.Precision;
import dev.flipside.model.family.DecoderConfig;
import dev.flipside.train.MemoryEstimate;
import dev.flipside.train.ModelSize;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/** What a model is, and what the machine must have for it. */
final class ModelInspection {
    private ModelInspection() {}

    /** Where it is, its kind and size, its context and end tokens. */
    static String describe(ModelFiles files, ModelSize size) {
        DecoderConfig config = files.config();
        return String.format(
                Locale.ROOT,
                "%s: %s, %,d weights%s, context %d, end tokens %s",
                files.directory(),
                config.modelType(),
                size.weights(),
                size.described(),
                config.maxPositionEmbeddings(),
                files.eosIds());
    }

    /** What products are computed in; a problem where bfloat16 was asked for on a CPU. */
    static Precision precision(RunConfig.Precision dtype, Device device, Findings findings) {
        if (dtype == RunConfig.Precision.BFLOAT16 && device.isCpu()) {
            findings.check("run.dtype", CheckStatus.PROBLEM, "bfloat16 needs a CUDA device; use float32 or auto");
        }
        return device.isCpu() || dtype == RunConfig.Precision.FLOAT32 ? Precision.FLOAT32 : Precision.BFLOAT16;
    }

    /** The estimate against this machine's memory. */
    static void memory(MemoryEstimate estimate, Device device, Findings findings) {
        long machine =
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
        findings.memory(estimate, device.isCpu(), machine);
    }
}

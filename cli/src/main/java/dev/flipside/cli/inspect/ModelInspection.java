package dev.flipside.cli.inspect;

import com.sun.management.OperatingSystemMXBean;
import dev.flipside.config.RunConfig;
import dev.flipside.engine.Device;
import dev.flipside.engine.MatrixProduct;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.Precision;
import dev.flipside.model.family.DecoderConfig;
import dev.flipside.train.ConfiguredModels;
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

    /** What products are computed in; a note where bfloat16 only costs time. */
    static Precision precision(RunConfig.Precision dtype, Device device, Findings findings) {
        Precision precision = ConfiguredModels.precision(dtype, device);
        if (precision == Precision.BFLOAT16_WEIGHTS && !MatrixProduct.available()) {
            findings.check(
                    "run.dtype",
                    CheckStatus.NOTE,
                    "bfloat16 on the CPU without oneDNN turns every weight into float32 before each product; use float32, or Flipside's own libtorch");
        }
        return precision;
    }

    /** The estimate against this machine's memory. */
    static void memory(MemoryEstimate estimate, Device device, Findings findings) {
        long machine =
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
        findings.memory(estimate, device.isCpu(), machine);
    }
}

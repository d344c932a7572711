package dev.flipside.cli;

import com.sun.management.OperatingSystemMXBean;
import dev.flipside.cli.Findings.Outcome;
import dev.flipside.config.RunConfig;
import dev.flipside.engine.Device;
import dev.flipside.model.DecoderConfig;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.text.Rendered;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;

/** Checks that both kinds of run have in common. */
final class ModelInspection {
    /** Texts that a probe computes: enough for several lengths, few enough for a large model on a CPU. */
    static final int PROBED = 8;

    private ModelInspection() {}

    static String describe(ModelFiles files, MemoryEstimate.Shape shape) {
        DecoderConfig config = files.config();
        return String.format(
                Locale.ROOT,
                "%s: %s, %,d weights%s, context %d, end tokens %s",
                files.directory(),
                config.modelType(),
                shape.weights(),
                shape.described(),
                config.maxPositionEmbeddings(),
                files.eosIds());
    }

    /** Whether bfloat16 is what products are computed in; a problem where it was asked for on a CPU. */
    static boolean halfPrecision(RunConfig.Precision dtype, Device device, Findings findings) {
        if (dtype == RunConfig.Precision.BFLOAT16 && device.isCpu()) {
            findings.check("run.dtype", Outcome.PROBLEM, "bfloat16 needs a CUDA device; use float32 or auto");
        }
        return !device.isCpu() && dtype != RunConfig.Precision.FLOAT32;
    }

    /** Rendering has refused doubled BOS tokens and broken templates before this is reached. */
    static void renderings(String reader, List<Rendered> rendered, Findings findings) {
        findings.check(reader + ": one BOS at most", Outcome.OK, "in all " + rendered.size() + " renderings looked at");
        long kept = rendered.stream().filter(Rendered::prefixKept).count();
        findings.check(
                reader + ": prompt is a prefix",
                kept == rendered.size() ? Outcome.OK : Outcome.NOTE,
                kept + " of " + rendered.size() + " tokenise as prompt, then reply"
                        + (kept == rendered.size()
                                ? ""
                                : "; the others are joined from two encodings, transformers would merge tokens across the border"));
    }

    static void rewardModel(RewardModel model, List<ScoredRow> rows, Findings findings) {
        int ending = model.rowsEndingInPadding(rows);
        findings.check(
                "reward model: padding token",
                ending == 0 ? Outcome.OK : Outcome.NOTE,
                ending == 0
                        ? "ends no rendering"
                        : "ends " + ending + " of " + rows.size()
                                + " renderings: their reward is read before it, as transformers does; set another pad_token_id in the model's config.json");
        padding("reward model", PaddingProbe.gap(model, rows.subList(0, Math.min(PROBED, rows.size()))), findings);
    }

    static void padding(String model, double gap, Findings findings) {
        boolean invariant = gap <= PaddingProbe.LIMIT;
        findings.check(
                model + ": padding invariance",
                invariant ? Outcome.OK : Outcome.PROBLEM,
                String.format(
                        Locale.ROOT,
                        "alone, in a batch and padded differ by at most %.1e in float32 (limit %.0e)%s",
                        gap,
                        PaddingProbe.LIMIT,
                        invariant ? "" : "; the weights are damaged or too large for float32"));
    }

    static void memory(MemoryEstimate estimate, Device device, Findings findings) {
        long machine =
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
        findings.memory(estimate, device.isCpu(), machine);
    }
}

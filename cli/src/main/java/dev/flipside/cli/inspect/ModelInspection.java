package dev.flipside.cli.inspect;

import com.sun.management.OperatingSystemMXBean;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.RunConfig;
import dev.flipside.engine.Device;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.family.DecoderConfig;
import dev.flipside.text.Rendered;
import dev.flipside.text.Renderer;
import dev.flipside.train.MemoryEstimate;
import dev.flipside.train.PairTally;
import dev.flipside.train.Renderers;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

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
            findings.check("run.dtype", CheckStatus.PROBLEM, "bfloat16 needs a CUDA device; use float32 or auto");
        }
        return !device.isCpu() && dtype != RunConfig.Precision.FLOAT32;
    }

    /** Whether the configuration has the model read its input otherwise than its own directory says. */
    static void template(String reader, String section, Path dir, ChatTemplateConfig config, Findings findings) {
        Renderers.departure(dir, config)
                .ifPresent(line -> findings.check(reader + ": chat template", CheckStatus.NOTE, section + "." + line));
    }

    /** Rendering has refused doubled BOS tokens and broken templates before this is reached. */
    static void renderings(
            String reader,
            Renderer renderer,
            List<Rendered> rendered,
            Optional<String> firstMerged,
            Findings findings) {
        beginning(reader, renderer, rendered.stream().map(Rendered::ids).toList(), findings);
        long merged = rendered.stream().filter(Rendered::merges).count();
        findings.check(
                reader + ": prompt is a prefix",
                merged == 0 && firstMerged.isEmpty() ? CheckStatus.OK : CheckStatus.NOTE,
                rendered.size() - merged + " of " + rendered.size() + " tokenise as prompt, then reply"
                        + firstMerged
                                .map(
                                        first -> "; others merge, first " + first
                                                + ": the reward is read from the whole text's tokens, as in transformers and TRL, the value from those of the prompt alone")
                                .orElse(""));
    }

    /** Pairs that a run would use: those that the model cannot tell apart are dropped, and one at least must be left. */
    static void pairs(String key, PairTally tally, Findings findings) {
        boolean none = tally.pairs() > 0 && tally.alike() == tally.pairs();
        findings.check(
                key,
                none ? CheckStatus.PROBLEM : tally.alike() > 0 ? CheckStatus.NOTE : CheckStatus.OK,
                tally.alike() == 0
                        ? "the model tells the replies of all " + tally.pairs() + " pairs apart"
                        : tally.alike() + " of " + tally.pairs()
                                + " pairs are the same tokens once they are rendered and cut"
                                + (none
                                        ? ", so none is left; raise max_length, or take replies that the chat template writes differently"
                                        : "; they are dropped"));
    }

    /** No rendering begins with two BOS tokens, that was refused; but one may be missing. */
    static void beginning(String reader, Renderer renderer, List<int[]> rendered, Findings findings) {
        long without = rendered.stream().filter(renderer::lacksBos).count();
        findings.check(
                reader + ": one BOS at most",
                without == 0 ? CheckStatus.OK : CheckStatus.NOTE,
                "in all " + rendered.size() + " renderings looked at"
                        + (without == 0
                                ? ""
                                : "; " + without
                                        + " begin without one, though the tokenizer puts one before a plain text: the chat template leaves it out, here as in transformers"));
    }

    /** Texts of the run's own data that spell special tokens. */
    static void spelledSpecialTokens(String reader, Renderer renderer, List<String> texts, Findings findings) {
        List<String> spelled = texts.stream()
                .flatMap(text -> renderer.spelledSpecialTokens(text).stream().limit(1))
                .toList();
        findings.check(
                reader + ": special tokens in texts",
                spelled.isEmpty() ? CheckStatus.OK : CheckStatus.NOTE,
                spelled.isEmpty()
                        ? "none in the " + texts.size() + " looked at"
                        : spelled.size() + " of " + texts.size() + " texts spell one, such as " + spelled.get(0)
                                + ", which becomes a control token, as in transformers; take it out of texts that you do not trust");
    }

    static void rewardModel(RewardModel model, List<ScoredRow> rows, Findings findings) {
        int ending = model.rowsEndingInPadding(rows);
        findings.check(
                "reward model: padding token",
                ending == 0 ? CheckStatus.OK : CheckStatus.NOTE,
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
                invariant ? CheckStatus.OK : CheckStatus.PROBLEM,
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

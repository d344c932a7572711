package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.algo.PolicyLossStatistics;
import dev.flipside.config.TrainConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a step tells: the one place where what its parts found gets the names of metrics.jsonl. */
final class StepFigures {
    private final TrainConfig config;
    private final TrainingData data;
    private final int round;

    /** @param round from 0 */
    StepFigures(TrainConfig config, TrainingData data, int round) {
        this.config = config;
        this.data = data;
        this.round = round;
    }

    /** The figures of a step, the times of its phases among them. */
    Map<String, Double> of(Lesson lesson, Graded chosen, PolicyStep update, Step step) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        if (lesson instanceof Lesson.Taught taught) {
            metrics.putAll(of(taught));
        }
        metrics.putAll(of(update));
        metrics.putAll(RewardStatistics.of(chosen, ""));
        Map<String, Double> completions = CompletionStatistics.of(chosen.batch(), "");
        metrics.putAll(completions);
        if (config.plan().penalisesDivergence()) {
            // Of whole completions, as Gao et al. (arXiv 2210.10760) plot it; kl is the mean over tokens.
            double length = chosen.batch().meanLength();
            metrics.put(
                    "policy/sqrt_kl", Math.sqrt(Math.max(0, update.statistics().kl() * length)));
        }
        chosen.samples().gold().ifPresent(g -> metrics.put("gold", Groups.mean(Groups.scorable(g))));
        metrics.putAll(renderings(lesson, chosen));
        metrics.put("epoch", data.epoch(step.number(), config.rollout().promptsPerStep()));
        metrics.put("round", (double) round);
        metrics.putAll(step.figures());
        return metrics;
    }

    private Map<String, Double> of(Lesson.Taught taught) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        RewardModelLosses losses = taught.update().losses();
        metrics.put("save/rm_loss", losses.total());
        metrics.put("save/contrast_loss", losses.contrast());
        metrics.put("save/value_loss", losses.value());
        losses.guard().ifPresent(guard -> {
            metrics.put("save/guard_loss", guard.loss());
            guard.cosine().ifPresent(cosine -> metrics.put("save/guard_cosine", cosine));
            guard.conflictShare().ifPresent(share -> metrics.put("save/guard_conflict_frac", share));
        });
        metrics.put("save/rm_grad_norm", losses.gradNorm());
        metrics.put(
                "save/rm_lr",
                taught.update().course().rate() * config.save().update().learningRate());
        metrics.put("save/rm_steps", (double) losses.steps());
        taught.decision().ifPresent(decision -> {
            metrics.put("save/gate_p_initial", decision.pInitial());
            metrics.put("save/gate_p_best", decision.pBest());
            metrics.put("save/gate_pairs", (double) decision.pairs());
            metrics.put("save/rollbacks", (double) decision.rollbacks());
        });
        taught.scaleRatio().ifPresent(ratio -> metrics.put("save/scale_ratio", ratio));
        metrics.putAll(FeedbackStatistics.of(taught.update()));
        metrics.putAll(LooksFigures.correlations(
                taught.samples().batch(), taught.update().before().rewards()));
        taught.samples()
                .gold()
                .map(g -> Groups.rows(g, taught.samples().batch().groupSize()))
                .ifPresent(g -> metrics.putAll(
                        FeedbackStatistics.againstGold(taught.update().feedback(), g)));
        metrics.putAll(FeedbackStatistics.of(taught.update(), taught.change()));
        return metrics;
    }

    private static Map<String, Double> of(PolicyStep update) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        update.samplingGap().ifPresent(gap -> {
            metrics.put("sampling/sampling_logp_difference/mean", gap.differenceMean());
            metrics.put("sampling/sampling_logp_difference/max", gap.differenceMax());
            metrics.put("sampling/importance_sampling_ratio/min", gap.ratioMin());
            metrics.put("sampling/importance_sampling_ratio/mean", gap.ratioMean());
            metrics.put("sampling/importance_sampling_ratio/max", gap.ratioMax());
            metrics.put("sampling/log_kept_mass", gap.logKeptMass());
        });
        PolicyLossStatistics statistics = update.statistics();
        metrics.put("loss", update.loss());
        metrics.put("grad_norm", update.gradNorm());
        metrics.put("learning_rate", update.learningRate());
        metrics.put("entropy", update.entropy());
        metrics.put("kl", statistics.kl());
        metrics.put("clip_ratio/low_mean", statistics.clipRatioLow());
        metrics.put("clip_ratio/low_min", update.clipLowMin());
        metrics.put("clip_ratio/high_mean", statistics.clipRatioHigh());
        metrics.put("clip_ratio/high_max", update.clipHighMax());
        metrics.put("clip_ratio/region_mean", statistics.clipRatioRegion());
        metrics.put("policy/ratio_mean", statistics.ratioMean());
        metrics.put("policy/ratio_variance", statistics.ratioVariance());
        metrics.put("policy/approx_kl", statistics.approxKl());
        metrics.put("policy/optimiser_steps", (double) update.optimiserSteps());
        metrics.put("policy/tokens_saved_frac", update.tokensSaved());
        update.balanceLoss().ifPresent(loss -> metrics.put("aux_loss", loss));
        return metrics;
    }

    /** What rendering for the reward model had to bend, in all samples of the step. */
    private static Map<String, Double> renderings(Lesson lesson, Graded chosen) {
        List<Reading> readings = new ArrayList<>(List.of(chosen.samples().reading()));
        // Samples that taught and update the policy too were rendered once.
        if (lesson instanceof Lesson.Taught taught
                && taught.samples() != taught.candidates().samples()) {
            readings.add(taught.samples().reading());
        }
        long rendered = readings.stream().mapToLong(Reading::rendered).sum();
        if (rendered == 0) {
            return Map.of();
        }
        Map<String, Double> metrics = new LinkedHashMap<>();
        double truncated = readings.stream().mapToLong(Reading::truncated).sum();
        double merged = readings.stream().mapToLong(Reading::merged).sum();
        metrics.put("save/rm_truncated_frac", truncated / rendered);
        metrics.put("save/rm_prefix_merged_frac", merged / rendered);
        return metrics;
    }
}

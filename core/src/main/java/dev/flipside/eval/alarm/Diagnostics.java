package dev.flipside.eval.alarm;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The table of diagnostics: the metrics that the failure modes of self-training show in, in the order of their
 * importance.
 */
public final class Diagnostics {
    /** A metric with its short name and what it says when no alarm is on. */
    private record Entry(String metric, String label, String meaning) {}

    private static final List<Entry> ENTRIES = List.of(
            new Entry("eval_rm/accuracy", "held-out accuracy", "share of held-out labelled pairs ordered as labelled"),
            new Entry(
                    "eval_rm/p_worse_than_first",
                    "p, worse than at first",
                    "McNemar test of held-out accuracy against the run's start; small is bad"),
            new Entry(
                    "eval_rm/p_worse_than_best",
                    "p, worse than best",
                    "the same against the best evaluation so far; small is bad"),
            new Entry(
                    "eval_rm/label_accuracy",
                    "labels agreeing with people",
                    "share of held-out answers on the side of the anchor that their label puts them on"),
            new Entry(
                    "eval_rm/anchored_frac",
                    "pairs around the anchor",
                    "share of held-out pairs with the chosen answer above and the rejected one below its anchor"),
            new Entry(
                    "eval_rm/accuracy_contradicted",
                    "accuracy where labels were wrong",
                    "accuracy now on the held-out pairs that the initial anchor labelled wrongly; above the start's means the model learns more than it knew"),
            new Entry("eval_rm/ece", "calibration error", "gap between confidence and accuracy on held-out pairs"),
            new Entry("eval_rm/brier", "Brier score", "squared error of the probabilities; 0.25 knows nothing"),
            new Entry(
                    "eval_rm/spearman_length",
                    "rewards follow length",
                    "Spearman of reward and length within the policy's groups"),
            new Entry(
                    "eval_rm/label_length_corr",
                    "labels follow length",
                    "Spearman of label and length within held-out pairs: how much of the line above is justified"),
            new Entry(
                    "eval_rm/partial_length_corr",
                    "length at equal label",
                    "partial Spearman of reward and length within held-out pairs, given the label"),
            new Entry(
                    "save/probe/std_ratio",
                    "reward scale",
                    "standard deviation on fixed texts, in multiples of the start's"),
            new Entry(
                    "save/probe/level_shift",
                    "reward level",
                    "shift of the mean on fixed texts, in the start's standard deviations"),
            new Entry(
                    "save/probe/kendall_tau",
                    "order kept since the start",
                    "Kendall's tau within groups of fixed texts between the initial reward model and this one"),
            new Entry(
                    "save/probe/anchor_drift",
                    "anchor drift",
                    "mean absolute change of the anchor on fixed prompts, in the start's standard deviations"),
            new Entry(
                    "save/value_explained_var",
                    "anchor R2",
                    "share of the variance of group means that the anchor explains; a group mean is noisy itself"),
            new Entry(
                    "save/value_explained_var_over_ceiling", "anchor R2 / ceiling", "the same over what is attainable"),
            new Entry(
                    "eval_value/r2", "anchor R2, Monte Carlo", "the anchor against many samples of the current policy"),
            new Entry("eval_value/bias", "anchor bias", "its mean error there, in standard deviations of a group"),
            new Entry(
                    "eval_value/r2_initial",
                    "anchor R2, initial policy",
                    "the anchor against samples of the initial policy"),
            new Entry("eval_value/bias_initial", "anchor bias, initial policy", "its mean error there"),
            new Entry(
                    "save/one_sided_frac",
                    "one-sided groups",
                    "share of groups without both signs, which teach nothing"),
            new Entry("save/kept_frac", "kept share", "share of completions clear enough to teach"),
            new Entry("save/cut_frac", "cut share", "share of completions that were cut and teach nothing"),
            new Entry(
                    "save/kendall_tau",
                    "order kept by an update",
                    "Kendall's tau within groups between the reward models before and after an update"),
            new Entry("save/near_tie_frac", "near-ties", "share of pairs of a group with all but equal rewards"),
            new Entry("group_reward_std", "reward std in groups", "what the policy can climb"),
            new Entry("frac_reward_zero_std", "flat groups", "share of groups whose rewards are all equal"),
            new Entry("policy/unique_frac", "unique completions", "share of different completions within a group"),
            new Entry("policy/distinct_2", "distinct bigrams", "share of different token pairs among all of a step"),
            new Entry("policy/sqrt_kl", "sqrt(KL)", "distance of the policy from its reference"),
            new Entry(
                    "eval_twin/kendall_tau",
                    "agreement with frozen twin",
                    "order within groups, trained against initial reward model"),
            new Entry(
                    "eval_twin/reward",
                    "frozen twin's reward",
                    "what the initial reward model gives the policy's samples"));

    private Diagnostics() {}

    /** Of everything in the list that the run measured. */
    public static List<Diagnostic> of(List<Measured> history) {
        List<Alarm> alarms = Alarms.of(history);
        List<Diagnostic> diagnostics = new ArrayList<>();
        for (Entry entry : ENTRIES) {
            double[] values = history.stream()
                    .map(line -> line.values().get(entry.metric()))
                    .filter(v -> v != null && Double.isFinite(v))
                    .mapToDouble(v -> v)
                    .toArray();
            if (values.length > 0) {
                Optional<Alarm> worst = alarms.stream()
                        .filter(a -> a.metric().equals(entry.metric()))
                        .max(Comparator.comparing(Alarm::level));
                diagnostics.add(new Diagnostic(
                        entry.metric(),
                        entry.label(),
                        values[0],
                        values[values.length - 1],
                        worst.map(Alarm::level),
                        entry.meaning(),
                        worst.map(Alarm::meaning).orElse(entry.meaning())));
            }
        }
        return diagnostics;
    }
}

package dev.flipside.cli.train;

import dev.flipside.cli.console.Numbers;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** The five figures of a step that are worth a line; everything else is in metrics.jsonl. */
final class StepFigures {
    private StepFigures() {}

    /**
     * Of the SAVE loop, one figure per thing that goes wrong in practice: the reward does not rise; the policy runs
     * away from the reference (KL), or, without one, collapses (entropy); the reward model finds nothing clear enough
     * to learn from (kept; with a frozen one the share of groups without variance, which teach the policy nothing); the
     * update turns the reward model's order around (rank correlation; held-out accuracy where it was just measured);
     * completions grow or shrink (length). The loss is not among them, since it hovers around zero by construction, and
     * neither is the time, which stands beside the step.
     *
     * @param reference whether there is a reference policy (algorithm.beta above 0)
     */
    static String training(Map<String, Double> metrics, boolean reference) {
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("reward", metrics.get("reward"));
        String distance = reference ? "kl" : "entropy";
        figures.put(distance, metrics.get(distance));
        if (metrics.containsKey("save/kept_frac")) {
            figures.put("kept", metrics.get("save/kept_frac"));
        } else {
            figures.put("groups without variance", metrics.get("frac_reward_zero_std"));
        }
        if (metrics.containsKey("eval_rm/accuracy")) {
            figures.put("held-out accuracy", metrics.get("eval_rm/accuracy"));
        } else if (metrics.containsKey("save/rank_corr")) {
            figures.put("rank corr", metrics.get("save/rank_corr"));
        } else {
            figures.put("reward std", metrics.get("reward_std"));
        }
        figures.put("length", metrics.get("completions/mean_length"));
        return line(figures);
    }

    /**
     * Of a reward model's training: is it learning (loss, accuracy and margin of the step's pairs), does it generalise
     * (accuracy on held-out pairs, where it was just measured; else the norm of the gradient, which shows a learning
     * rate that is too high), and how fast it goes.
     */
    static String rewardTraining(Map<String, Double> metrics) {
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("loss", metrics.get("loss"));
        figures.put("accuracy", metrics.get("accuracy"));
        figures.put("margin", metrics.get("margin"));
        boolean evaluated = metrics.containsKey("eval_rm/accuracy");
        figures.put(
                evaluated ? "held-out accuracy" : "grad norm",
                metrics.get(evaluated ? "eval_rm/accuracy" : "grad_norm"));
        figures.put("tokens/s", metrics.get("tokens_per_s/train"));
        return line(figures);
    }

    /** What was measured on held-out data before the first step. */
    static String atTheStart(Map<String, Double> metrics) {
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("held-out accuracy", metrics.get("eval_rm/accuracy"));
        figures.put("held-out reward", metrics.get("eval_reward"));
        figures.put("value head R2", metrics.get("save/warmup_r2"));
        figures.values().removeIf(value -> value == null);
        return line(figures);
    }

    private static String line(Map<String, Double> figures) {
        return figures.entrySet().stream()
                .map(e -> e.getKey() + " " + (e.getValue() == null ? "-" : Numbers.number(e.getValue())))
                .collect(Collectors.joining("  "));
    }
}

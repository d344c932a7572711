package dev.flipside.cli.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the pages call the metrics that a run is usually looked at for. */
public final class MetricTitles {
    /** By metric, in the order in which they are shown. */
    public static final Map<String, String> ALL = Collections.unmodifiableMap(titles());

    private MetricTitles() {}

    private static Map<String, String> titles() {
        Map<String, String> titles = new LinkedHashMap<>();
        titles.put("eval_gold", "Gold reward on held-out prompts");
        titles.put("eval_rm/on_policy_accuracy", "Reward model\u2019s accuracy on the policy\u2019s samples");
        titles.put("eval_rm/accuracy", "Reward model\u2019s accuracy on held-out pairs");
        titles.put("save/label_accuracy", "Accuracy of the reward model\u2019s own labels");
        titles.put("save/kept_frac", "Share of completions that teach");
        titles.put("save/one_sided_frac", "Share of one-sided groups");
        titles.put("eval_reward", "Held-out reward, on each arm\u2019s own scale");
        titles.put("reward", "Training reward, on each arm\u2019s own scale");
        titles.put("eval_rm/spearman_length", "Correlation of reward and length");
        titles.put("eval_rm/partial_length_corr", "Correlation of reward and length at equal label");
        titles.put("eval_rm/ece", "Calibration error on held-out pairs");
        titles.put("save/probe/std_ratio", "Reward scale on fixed texts, against the start");
        titles.put("save/probe/level_shift", "Reward level on fixed texts, in standard deviations");
        titles.put("save/value_explained_var", "Share of the variance that the anchor explains");
        titles.put("policy/sqrt_kl", "Distance of the policy from its reference, \u221aKL");
        titles.put("completions/mean_length", "Length of completions in tokens");
        titles.put("policy/unique_frac", "Share of different completions in a group");
        titles.put("entropy", "Entropy of the policy in nats per token");
        // Of train-rm.
        titles.put("accuracy", "Accuracy on the training pairs");
        titles.put("margin", "Margin on the training pairs");
        return titles;
    }
}

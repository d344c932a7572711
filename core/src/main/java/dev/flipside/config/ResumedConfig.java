package dev.flipside.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a run may change when it is continued.
 *
 * <p>Free are the keys that change no number of the training: where the run lies, what it computes on, how much memory a pass takes, how often something is
 * written or measured. {@code run.max_steps} may grow in a run of one round; a learning rate that decays then follows its schedule over the new length. Every
 * other key decides what was sampled and learnt so far, so a run with another value of it is another run.
 */
public final class ResumedConfig {
    private static final Set<String> FREE = Set.of(
            "run.resume",
            "run.output_dir",
            "run.device",
            "run.save_steps",
            "run.save_total_limit",
            "run.save_dtype",
            "run.stop_rule",
            "policy.per_device_train_batch_size",
            "policy.gradient_checkpointing",
            "policy.activation_memory_mb",
            "reward_model.per_device_batch_size",
            "reward_model.gradient_checkpointing",
            "reward_model.activation_memory_mb",
            "rollout.max_rows",
            "eval.eval_steps",
            "eval.value_samples",
            "logging.logging_steps",
            "logging.tensorboard",
            "logging.log_completions");
    private static final String MAX_STEPS = "run.max_steps";

    private ResumedConfig() {}

    /** The keys that may change whatever the run, in alphabetical order. */
    static List<String> freeKeys() {
        return FREE.stream().sorted().toList();
    }

    /**
     * Compares a configuration with the one that a run was begun with.
     *
     * @param stored the run's {@code config.yaml}
     * @param finished steps that the run's newest checkpoint has behind it
     * @throws UserError naming the first key, in the file's order, that differs and may not
     */
    public static void requireContinues(Path stored, TrainConfig config, long finished) {
        TrainConfig before =
                ConfigReader.read(stored, List.of(), TrainConfig.defaults()).config();
        JsonNode then = ConfigReader.tree(before);
        JsonNode now = ConfigReader.tree(config);
        for (Map.Entry<String, JsonNode> section : now.properties()) {
            for (Map.Entry<String, JsonNode> entry : section.getValue().properties()) {
                String key = section.getKey() + "." + entry.getKey();
                JsonNode old = then.path(section.getKey()).path(entry.getKey());
                boolean grows = key.equals(MAX_STEPS) && before.run().rounds() == 1;
                if (!FREE.contains(key) && !grows && !old.equals(entry.getValue())) {
                    throw new UserError(key + ": " + text(entry.getValue()) + " differs from the " + text(old)
                            + " that the run was begun with (" + stored
                            + "); resume with the old value, or start a new run in another run.output_dir.");
                }
            }
        }
        if ((long) config.run().maxSteps() * config.run().rounds() < finished) {
            throw new UserError(MAX_STEPS + ": " + config.run().maxSteps() + " is less than the " + finished
                    + " steps that the run has behind it; raise it, or start a new run in another run.output_dir.");
        }
    }

    /** The configuration to store with a run: without {@code run.resume}, so that the file alone begins the same run again. */
    public static String stored(TrainConfig config) {
        ObjectNode tree = (ObjectNode) ConfigReader.tree(config);
        ((ObjectNode) tree.get("run")).put("resume", false);
        return ConfigReader.yaml(tree);
    }

    private static String text(JsonNode value) {
        return value.isNull() ? "missing value" : "'" + ConfigReader.shown(value) + "'";
    }
}

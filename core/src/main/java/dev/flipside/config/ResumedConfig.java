package dev.flipside.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a run may change when it is continued.
 *
 * <p>Free are the keys that change no number of the training: where the run lies, what it computes on, how much memory
 * a pass takes, how often something is written or measured. {@code run.max_steps} may grow in a run of one round; a
 * learning rate that decays then follows its schedule over the new length. Every other key decides what was sampled and
 * learnt so far, so a run with another value of it is another run. Where functions {@code http} and {@code process} are
 * computed may change: rewards of a server that has moved are the same.
 */
public final class ResumedConfig {
    /** How and where a run is computed; its numbers are the same. */
    private static final Set<String> COMPUTATION = Set.of(
            "run.resume",
            "run.output_dir",
            "run.device",
            "run.save_steps",
            "run.save_total_limit",
            "run.save_dtype",
            "policy.per_device_train_batch_size",
            "policy.gradient_checkpointing",
            "policy.activation_memory_mb",
            "reward_model.per_device_batch_size",
            "reward_model.gradient_checkpointing",
            "reward_model.activation_memory_mb",
            "rollout.max_rows",
            "logging.tensorboard");

    /** What may change while a run goes on: also when it ends and how often it is looked at. */
    private static final Set<String> FREE = Stream.concat(
                    COMPUTATION.stream(),
                    Stream.of(
                            "run.stop_rule",
                            "eval.eval_steps",
                            "eval.value_samples",
                            "logging.logging_steps",
                            "logging.log_completions",
                            "logging.samples_max_mb"))
            .collect(Collectors.toUnmodifiableSet());

    /** Functions that are computed elsewhere, and which of their keys decide what is asked and what becomes of it. */
    private static final Set<String> ELSEWHERE = Set.of("http", "process");

    private static final Set<String> KEPT_OF_ELSEWHERE = Set.of("name", "label", "weight", "messages");

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
        boolean grows = before.run().rounds() == 1;
        String differing = firstDifference(
                        withoutPlaces(before),
                        withoutPlaces(config),
                        key -> FREE.contains(key) || grows && key.equals(MAX_STEPS))
                .orElse("");
        if (!differing.isEmpty()) {
            throw new UserError(differing + " that the run was begun with (" + stored
                    + "); resume with the old value, or start a new run in another run.output_dir.");
        }
        if ((long) config.run().maxSteps() * config.run().rounds() < finished) {
            throw new UserError(MAX_STEPS + ": " + config.run().maxSteps() + " is less than the " + finished
                    + " steps that the run has behind it; raise it, or start a new run in another run.output_dir.");
        }
    }

    /**
     * Whether a folder is that of a run of the loop.
     *
     * @param stored its {@code config.yaml}
     * @throws UserError when it is the configuration of something else
     */
    public static void requireTraining(Path stored) {
        try {
            ConfigReader.read(stored, List.of(), TrainConfig.defaults());
        } catch (UserError e) {
            throw new UserError(
                    "Cannot resume " + stored.getParent() + ": its config.yaml is not one that flipside train wrote ("
                            + IoReason.of(e) + "); check run.output_dir.",
                    e);
        }
    }

    /**
     * Compares a configuration with the one that a run has finished with, before the run is kept as it is.
     *
     * @param stored the run's {@code config.yaml}
     * @throws UserError naming the first key, in the file's order, that differs and changes numbers of the training
     */
    public static void requireSame(Path stored, TrainConfig config) {
        TrainConfig before =
                ConfigReader.read(stored, List.of(), TrainConfig.defaults()).config();
        refuse(stored, firstDifference(before, config, COMPUTATION::contains));
    }

    /** The same for the training of a reward model; only where it lies and what it computes on may differ. */
    public static void requireSame(Path stored, RewardTrainingConfig config) {
        RewardTrainingConfig before = ConfigReader.read(stored, List.of(), RewardTrainingConfig.defaults())
                .config();
        refuse(stored, firstDifference(before, config, COMPUTATION::contains));
    }

    /**
     * The same for a comparison, whose question must not change once it has been asked; only where it lies and how many
     * runs go side by side may.
     */
    public static void requireSame(Path stored, ComparisonConfig config) {
        ComparisonConfig before = ConfigReader.read(stored, List.of(), ComparisonConfig.defaults())
                .config();
        refuse(
                stored,
                firstDifference(before, config, Set.of("comparison.output_dir", "comparison.workers")::contains));
    }

    private static void refuse(Path stored, Optional<String> difference) {
        difference.ifPresent(d -> {
            throw new UserError(d + " in " + stored
                    + ", with which it was begun; take the old value, or choose another output folder.");
        });
    }

    /**
     * A configuration without what says where programs elsewhere compute rewards: a server that has moved gives the
     * same rewards.
     */
    private static JsonNode withoutPlaces(TrainConfig config) {
        JsonNode tree = ConfigReader.tree(config);
        tree.at("/reward_model/functions").forEach(ResumedConfig::withoutPlace);
        withoutPlace(tree.at("/eval/gold"));
        return tree;
    }

    private static void withoutPlace(JsonNode function) {
        if (function instanceof ObjectNode entry
                && ELSEWHERE.contains(entry.path("name").asText())) {
            entry.retain(KEPT_OF_ELSEWHERE);
        }
    }

    private static Optional<String> firstDifference(Record before, Record now, Predicate<String> free) {
        return firstDifference(ConfigReader.tree(before), ConfigReader.tree(now), free);
    }

    /** {@code section.key: 'new' differs from the 'old'}, in the file's order. */
    private static Optional<String> firstDifference(JsonNode then, JsonNode now, Predicate<String> free) {
        for (Map.Entry<String, JsonNode> section : now.properties()) {
            JsonNode old = then.path(section.getKey());
            for (Map.Entry<String, JsonNode> entry : section.getValue().properties()) {
                String key = section.getKey() + "." + entry.getKey();
                JsonNode value = old.path(entry.getKey());
                if (!free.test(key) && !value.equals(entry.getValue())) {
                    return Optional.of(key + ": " + text(entry.getValue()) + " differs from the " + text(value));
                }
            }
            for (Map.Entry<String, JsonNode> entry : old.properties()) {
                if (!section.getValue().has(entry.getKey())) {
                    return Optional.of(section.getKey() + "." + entry.getKey() + ": is missing, which differs from the "
                            + text(entry.getValue()));
                }
            }
        }
        return Optional.empty();
    }

    /**
     * The configuration to store with a run: without {@code run.resume}, so that the file alone begins the same run
     * again.
     */
    public static String stored(TrainConfig config) {
        ObjectNode tree = (ObjectNode) ConfigReader.tree(config);
        ((ObjectNode) tree.get("run")).put("resume", false);
        return ConfigReader.yaml(tree);
    }

    private static String text(JsonNode value) {
        return value.isNull() || value.isMissingNode() ? "missing value" : "'" + ConfigReader.shown(value) + "'";
    }
}

package dev.flipside.config;

import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;

/**
 * Key {@code base.make} of a comparison, and the options of {@code flipside data make}: how much is made of a task; a
 * key that is not given has its default.
 */
public record TaskConfig(
        @Doc(
                        "`stories`: beginnings of children's stories, for models that learnt to write from TinyStories. `instructions`: short requests with one constraint each, for small chat models. `stale`: the same, labelled pairs of half of the constraints only.")
                Name task,
        @Doc("Prompts that the policy trains on; 240 by default.") Integer prompts,
        @Doc("Prompts of evaluations, none of them a training prompt; 48 by default.") Integer heldOutPrompts,
        @Doc("Labelled pairs that teach the initial reward model; 1000 by default.") Integer pairs,
        @Doc("Pairs with true labels for evaluations, of held-out prompts; 200 by default.") Integer heldOut,
        @Doc("Pairs with true labels for guard and gate; 100 by default.") Integer trusted,
        @Doc("Chance that the label of a labelled pair is turned round; 0.3 by default.") Double flipped,
        @Doc("Least difference of the true rewards of a pair's completions; 0.1 by default.") Double margin,
        @Doc("Temperature of the pairs' completions; none is `rollout.temperature`, in `data make` 1.")
                OptionalDouble temperature,
        @Doc(
                        "Their longest length in tokens; none is `rollout.max_completion_length`, in `data make` 48 for `stories` and else 96.")
                OptionalInt maxCompletionLength) {

    /** The tasks. */
    public enum Name {
        STORIES,
        INSTRUCTIONS,
        STALE
    }

    /** @throws UserError without a task */
    public TaskConfig {
        if (task == null) {
            throw new UserError("no task is named; write task: stories, instructions or stale.");
        }
        prompts = prompts == null ? 240 : prompts;
        heldOutPrompts = heldOutPrompts == null ? 48 : heldOutPrompts;
        pairs = pairs == null ? 1000 : pairs;
        heldOut = heldOut == null ? 200 : heldOut;
        trusted = trusted == null ? 100 : trusted;
        flipped = flipped == null ? 0.3 : flipped;
        margin = margin == null ? 0.1 : margin;
        temperature = temperature == null ? OptionalDouble.empty() : temperature;
        maxCompletionLength = maxCompletionLength == null ? OptionalInt.empty() : maxCompletionLength;
    }

    /** A task with every default. */
    public static TaskConfig of(Name task) {
        return new TaskConfig(task, null, null, null, null, null, null, null, null, null);
    }

    /** The pairs of all three files. */
    public int allPairs() {
        return pairs + heldOut + trusted;
    }

    /**
     * Checks the ranges.
     *
     * @param where how a key is called where it was given, such as {@code --held-out} for {@code held_out}
     * @throws UserError naming the first that is out of range
     */
    public void validate(UnaryOperator<String> where) {
        atLeastOne(where, "prompts", prompts);
        atLeastOne(where, "held_out_prompts", heldOutPrompts);
        atLeastOne(where, "pairs", pairs);
        atLeastOne(where, "held_out", heldOut);
        atLeastOne(where, "trusted", trusted);
        atLeastOne(where, "max_completion_length", maxCompletionLength.orElse(1));
        if (!(flipped >= 0 && flipped <= 1)) {
            throw new UserError(
                    where.apply("flipped") + ": " + flipped + " is no chance; give one from 0 (true labels) to 1.");
        }
        if (!(margin > 0 && margin < 1)) {
            throw new UserError(where.apply("margin") + ": " + margin
                    + " is no difference of rewards from 0 to 1; give one between 0 and 1, such as 0.1.");
        }
        if (!(temperature.orElse(1) >= 1e-4) || Double.isInfinite(temperature.orElse(1))) {
            throw new UserError(where.apply("temperature") + ": " + temperature.orElse(1)
                    + " draws nothing, and pairs need different completions; give a number from 1e-4 on, such as 1.");
        }
    }

    private static void atLeastOne(UnaryOperator<String> where, String key, int value) {
        if (value < 1) {
            throw new UserError(where.apply(key) + ": " + value + " is less than 1; give a number of at least 1.");
        }
    }
}

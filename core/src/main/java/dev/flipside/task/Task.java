package dev.flipside.task;

import dev.flipside.config.TaskConfig;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardFunctions;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** A task for real language models whose truth a program computes. */
public enum Task {
    /**
     * Children's stories go on from their beginnings, judged by reward function {@code story}.
     *
     * <p>What stories260k (260,032 weights) writes at temperature 1 in 48 tokens has a mean reward of 0.49, within a
     * prompt's group a standard deviation of 0.13, and a rank correlation with the length in characters of 0.08; in
     * tokens all are equally long.
     */
    STORIES("story", 48, StoryPrompts::all, prompt -> true),
    /** Short requests with one constraint each, judged by reward function {@code ifeval}: 1 when it is obeyed. */
    INSTRUCTIONS("ifeval", 96, InstructionPrompts::all, prompt -> true),
    /**
     * The same requests, but the labelled pairs have half of the constraints: of the others the reward model knows
     * nothing when the policy begins to change.
     */
    STALE("ifeval", 96, InstructionPrompts::all, InstructionPrompts::taughtToStale);

    private final String judge;
    private final int maxCompletionLength;
    private final Supplier<List<TaskPrompt>> prompts;
    private final Predicate<TaskPrompt> labelled;

    Task(String judge, int maxCompletionLength, Supplier<List<TaskPrompt>> prompts, Predicate<TaskPrompt> labelled) {
        this.judge = judge;
        this.maxCompletionLength = maxCompletionLength;
        this.prompts = prompts;
        this.labelled = labelled;
    }

    /** The task that a configuration names. */
    public static Task of(TaskConfig.Name name) {
        return switch (name) {
            case STORIES -> STORIES;
            case INSTRUCTIONS -> INSTRUCTIONS;
            case STALE -> STALE;
        };
    }

    /** All its prompts, in one order, no two alike. */
    public List<TaskPrompt> prompts() {
        return prompts.get();
    }

    /** Whether the labelled pairs may be of that prompt; held-out and trusted pairs may be of every one. */
    public boolean labels(TaskPrompt prompt) {
        return labelled.test(prompt);
    }

    /** Tokens that an answer needs to end by itself, most of the time; stories end by texts that stop them. */
    public int maxCompletionLength() {
        return maxCompletionLength;
    }

    /** What judges completions of its prompts, as configurations name it. */
    public String judgeName() {
        return judge;
    }

    /** What judges completions of its prompts: 0 to 1. */
    public RewardFunction judge() {
        return RewardFunctions.find(judge, Map.of());
    }
}

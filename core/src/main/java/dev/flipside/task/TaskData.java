package dev.flipside.task;

import java.util.List;

/**
 * What is made of a task with one seed.
 *
 * @param prompts that the policy trains on
 * @param heldOutPrompts of evaluations; none of them is a training prompt
 * @param labelled pairs for the initial reward model, some with wrong labels
 * @param heldOut pairs with true labels, of prompts that nothing is trained on
 * @param trusted pairs with true labels for guard and gate, of training prompts
 * @param samples figures of all completions that were drawn
 */
public record TaskData(
        List<TaskPrompt> prompts,
        List<TaskPrompt> heldOutPrompts,
        List<TaskPair> labelled,
        List<TaskPair> heldOut,
        List<TaskPair> trusted,
        SampleFigures samples) {
    public TaskData {
        prompts = List.copyOf(prompts);
        heldOutPrompts = List.copyOf(heldOutPrompts);
        labelled = List.copyOf(labelled);
        heldOut = List.copyOf(heldOut);
        trusted = List.copyOf(trusted);
    }
}

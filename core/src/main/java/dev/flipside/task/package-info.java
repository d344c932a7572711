/**
 * Tasks for real language models whose truth a program computes: prompts by rule, a judge, and pairs of completions
 * that an initial policy samples. What is made are ordinary files, which the ordinary commands read; it knows nothing
 * of training.
 *
 * <ul>
 *   <li>{@link dev.flipside.task.Task}: the tasks: which prompts there are ({@code StoryPrompts}) and which reward
 *       function judges.
 *   <li>{@link dev.flipside.task.TaskMaker}: makes {@link dev.flipside.task.TaskData} with a seed: splits prompts, has
 *       pairs drawn and turns some of their labels round.
 *   <li>{@code PairSampler}: samples groups from an {@link dev.flipside.task.InitialPolicy}, judges them, and takes a
 *       {@link dev.flipside.task.TaskPair} from each.
 *   <li>{@link dev.flipside.task.TaskFolder}: the files.
 * </ul>
 */
package dev.flipside.task;

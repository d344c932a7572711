/**
 * The command {@code flipside}: results on standard output, progress and logs on standard error.
 *
 * <p>This package starts a command and ends it; the commands live below it, by what a person does.
 *
 * <ul>
 *   <li>{@link dev.flipside.cli.Main}: the root and its list of commands; {@code EvalPolicy}: the list of benchmarks of
 *       policies.
 *   <li>{@code Arguments}: whether the words of the command line are what was typed.
 *   <li>{@code Failures} and {@code LastResort}: what a failed command prints and returns.
 *   <li>{@code SharedClasses}: what the launcher has Java archive after a build, for faster starts.
 *   <li>{@link dev.flipside.cli.command}: what a command is made of. It knows no command.
 *   <li>{@link dev.flipside.cli.console}: what a person sees, and where results go.
 *   <li>{@link dev.flipside.cli.rows}: what the commands over rows of JSON Lines share.
 *   <li>{@link dev.flipside.cli.train}: {@code train} and {@code train-rm}.
 *   <li>{@link dev.flipside.cli.compare}: {@code compare} and {@code demo}.
 *   <li>{@link dev.flipside.cli.report}: {@code report}; {@link dev.flipside.cli.dashboard}: {@code dashboard}.
 *   <li>{@link dev.flipside.cli.inspect}: {@code validate}, {@code data} and {@code rewards}.
 *   <li>{@link dev.flipside.cli.model}: {@code generate}, {@code chat}, {@code score} and {@code logprobs}.
 *   <li>{@link dev.flipside.cli.rewardmodel}: {@code eval-rm}.
 *   <li>{@link dev.flipside.cli.policy}: what the tasks of {@code eval-policy} share, and those that a program marks.
 *   <li>{@link dev.flipside.cli.judge}: the tasks of {@code eval-policy} that a judge or a reward model decides.
 *   <li>{@link dev.flipside.cli.hub}: {@code pull}, {@code push}, {@code import} and {@code merge}.
 *   <li>{@link dev.flipside.cli.machine}: {@code bench} and {@code doctor}.
 * </ul>
 *
 * <p>A package may know another where no cycle comes of it.
 */
package dev.flipside.cli;

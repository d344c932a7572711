/**
 * The tasks of {@code eval-policy} that compare policies.
 *
 * <ul>
 *   <li>{@code EvalAlpaca}, {@code EvalArenaHard}, {@code EvalVersus}: the tasks.
 *   <li>{@code JudgeOptions}: the judge that decides.
 *   <li>{@code JudgeFigures}: how results are shown and kept.
 * </ul>
 */
package dev.flipside.cli.judge;

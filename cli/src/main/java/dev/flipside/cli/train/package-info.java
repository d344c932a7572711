/**
 * The trainings.
 *
 * <ul>
 *   <li>{@code Train}, {@code TrainRm}: the commands.
 *   <li>{@code RankProcess}: which of several processes this one is; {@code Gang}: starts those of one machine.
 *   <li>{@code TrainingConsole} and {@code StepFigures}: what is shown while one runs.
 *   <li>{@code LivePage}: {@code --dashboard}.
 *   <li>{@code TrainingReport}, {@code TrainingDiagnostics} and {@code TrainingSummary}: what is shown at its end.
 * </ul>
 */
package dev.flipside.cli.train;

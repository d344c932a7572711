/**
 * What a run leaves on disk, so that it can be killed at any moment, resumed to the bit, and repeated by someone else.
 *
 * <ul>
 *   <li>{@link dev.flipside.run.RunDirectory}: one run's folder, created or resumed by one process at a time, as
 *       {@link dev.flipside.run.RunSettings} say; {@link dev.flipside.run.DiskSpace}: whether more fits.
 *   <li>{@link dev.flipside.run.Checkpoints}, {@link dev.flipside.run.Checkpoint}: whole, checksummed states; what is
 *       in them is the business of the trainer, which is the {@link dev.flipside.run.CheckpointWriter}.
 *   <li>{@link dev.flipside.run.AppendLog}: JSON lines that can be cut back to the position of a checkpoint, or to
 *       their last whole line. {@link dev.flipside.run.MadeWith}: what such lines depend on;
 *       {@link dev.flipside.run.ModelMark}: which model made them.
 *   <li>{@link dev.flipside.run.Metrics}: scalars, to {@code metrics.jsonl} and to TensorBoard.
 *       {@link dev.flipside.run.SampleFiles}: completions, under a limit.
 *   <li>{@link dev.flipside.run.Durable}: files that survive a power cut; {@link dev.flipside.run.FiniteNumbers}:
 *       numbers that JSON can hold; {@link dev.flipside.run.JsonFile}: a result of such.
 *   <li>{@link dev.flipside.run.Provenance}, {@link dev.flipside.run.FileHash}: what would be needed to repeat the run.
 *   <li>{@link dev.flipside.run.StopSignal}: SIGTERM and Ctrl-C end the run after the current step, and any other
 *       command at once. {@link dev.flipside.run.RunProcess}: which process writes a run, and how to stop it from
 *       another.
 * </ul>
 *
 * <p>Failures of the file system (no space, no permission) are {@link dev.flipside.config.UserError}s that name the
 * file.
 */
package dev.flipside.run;

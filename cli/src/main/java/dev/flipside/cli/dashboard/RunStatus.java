package dev.flipside.cli.dashboard;

/**
 * How far a run is.
 *
 * @param step the newest that was logged
 * @param total steps; 0 where not known
 * @param secondsPerStep the mean of the last steps; NaN where none was logged
 * @param secondsLeft for the steps that remain, without evaluations and checkpoints; NaN where it is not running
 * @param damaged lines of {@code metrics.jsonl} that could not be read
 */
record RunStatus(RunState state, long step, long total, double secondsPerStep, double secondsLeft, long damaged) {}

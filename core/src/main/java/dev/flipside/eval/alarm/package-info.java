/**
 * What a run's numbers mean and when they should worry: pure functions of the lines of {@code metrics.jsonl}, so they
 * say the same during a run, at its end and in a report.
 *
 * <ul>
 *   <li>{@link dev.flipside.eval.alarm.Rule}: what is watched, its threshold and the sentence; {@code Condition} is how
 *       a rule is written, {@code Trace} what it can see
 *   <li>{@link dev.flipside.eval.alarm.AlarmWatch}: line by line, while a run goes on
 *   <li>{@link dev.flipside.eval.alarm.Alarms}: of a whole history; also reads {@code metrics.jsonl}
 *   <li>{@link dev.flipside.eval.alarm.Alarm}, {@link dev.flipside.eval.alarm.Level},
 *       {@link dev.flipside.eval.alarm.Measured}: the data
 *   <li>{@link dev.flipside.eval.alarm.Diagnostics}: the table of what was measured, with the sentence and the level of
 *       each metric
 * </ul>
 */
package dev.flipside.eval.alarm;

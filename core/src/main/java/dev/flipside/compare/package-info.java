/**
 * Preregistered comparisons of arms over seeds: what is asked, the runs, and the answer.
 *
 * <ul>
 *   <li>{@link dev.flipside.compare.ComparisonPlan}: what is run; a {@link dev.flipside.compare.ComparisonBase}, which
 *       is a {@link dev.flipside.compare.WorldBase} or a {@link dev.flipside.compare.FileBase}, and its
 *       {@link dev.flipside.compare.ArmSetting}s.
 *   <li>{@link dev.flipside.compare.ComparisonRuns} does each {@link dev.flipside.compare.ComparisonWork} that is not
 *       done and tells a {@link dev.flipside.compare.ComparisonListener}. Works are {@code TaskWork},
 *       {@code RewardModelWork}, {@code ArmWork} and {@code JudgeWork}; they come in {@code SeedOrder}.
 *       {@link dev.flipside.compare.Shard}: the seeds of one machine of several.
 *       {@link dev.flipside.compare.WorkRunner}: who does a part, in this process or elsewhere; {@code SeedWorks}: the
 *       parts of a seed.
 *   <li>{@link dev.flipside.compare.ComparisonDirectory}: the folder, with the question as it was written down before
 *       the first run ({@link dev.flipside.compare.Registration}).
 *   <li>{@link dev.flipside.compare.RunOutcomes} reads what the runs came to;
 *       {@link dev.flipside.compare.ComparisonSummary}: all of the answer.
 *   <li>{@link dev.flipside.compare.ComparisonResult}: paired differences with bootstrap intervals, tests, correction
 *       and the criterion's verdict; a pure function of the values. {@link dev.flipside.compare.OutcomeResult}: one
 *       outcome of it.
 *   <li>{@link dev.flipside.compare.Difference}, {@link dev.flipside.compare.Verdict}: one arm in one outcome, and what
 *       it says. {@link dev.flipside.compare.FiredRule}: an alarm in the runs of an arm.
 *   <li>{@link dev.flipside.compare.PairedTests}: sign-flip permutation test, paired t-test, the difference that could
 *       have been detected. {@link dev.flipside.compare.Holm}: correction over several tests.
 * </ul>
 */
package dev.flipside.compare;

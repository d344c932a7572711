/**
 * Arms of a comparison against its baseline, over the same seeds: pure functions of the values that the runs came to.
 *
 * <ul>
 *   <li>{@link dev.flipside.eval.compare.ComparisonResult}: paired differences with bootstrap intervals, tests, correction and the criterion's verdict.
 *   <li>{@link dev.flipside.eval.compare.FiredRule}: an alarm in the runs of an arm.
 *   <li>{@link dev.flipside.eval.compare.RunOutcomes}: reads these values from the folder of a comparison.
 *   <li>{@link dev.flipside.eval.compare.Difference}, {@link dev.flipside.eval.compare.Verdict}: one arm in one outcome, and what it says.
 *   <li>{@link dev.flipside.eval.compare.PairedTests}: sign-flip permutation test, paired t-test, the difference that could have been detected.
 *   <li>{@link dev.flipside.eval.compare.Holm}: correction over several tests.
 * </ul>
 */
package dev.flipside.eval.compare;

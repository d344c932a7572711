/**
 * Reward models on their benchmarks: {@code EvalRm}, with {@code ScoringOptions};
 * {@link dev.flipside.eval.benchmark.BenchmarkRun} scores, {@code EvalRmReport} shows.
 */
package dev.flipside.cli.rewardmodel;

/**
 * Reward models on their benchmarks: {@code EvalRm}, with {@code ScoringOptions}; {@code BenchmarkRun} scores, {@code EvalRmReport} shows.
 */
package dev.flipside.cli.rewardmodel;

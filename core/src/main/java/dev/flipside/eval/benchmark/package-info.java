/**
 * Benchmarks of reward models: their files, their published scoring, and what is said with it.
 *
 * <ul>
 *   <li>{@link dev.flipside.eval.benchmark.RewardBenchmark}: the benchmarks by name. Each has one class with its file's
 *       shape and its rule ({@link dev.flipside.eval.benchmark.BenchmarkRule}): {@code RewardBench},
 *       {@code RewardBench2}, {@code RmBench}, {@code PpePreference}, {@code PpeCorrectness}, {@code JudgeBench},
 *       {@code LlmBar}, {@code PandaLm}, {@code Rmb}, {@code Pairs}.
 *   <li>{@link dev.flipside.eval.benchmark.BenchmarkFiles} reads a file or a folder into
 *       {@link dev.flipside.eval.benchmark.BenchmarkItem}s: a prompt, its answers, which is better
 *       ({@link dev.flipside.eval.benchmark.AnswerPair}).
 *   <li>{@link dev.flipside.eval.benchmark.BenchmarkRun}: a benchmark from its items to its result, kept in a folder as
 *       it comes; {@link dev.flipside.eval.benchmark.AnswerScorer}: a reward model over items, a prompt computed once
 *       for all its answers.
 *   <li>{@link dev.flipside.eval.benchmark.ScoredItem}, {@link dev.flipside.eval.benchmark.ScoreFile}: what is kept on
 *       disk, enough for every figure.
 *   <li>{@link dev.flipside.eval.benchmark.BenchmarkResult}, {@link dev.flipside.eval.benchmark.BenchmarkComparison}:
 *       figures with intervals ({@link dev.flipside.eval.benchmark.PromptBootstrap} over
 *       {@link dev.flipside.eval.benchmark.Unit}s) and beside the baselines of
 *       {@link dev.flipside.eval.benchmark.AnswerStyle}; two models on the same items.
 * </ul>
 */
package dev.flipside.eval.benchmark;

/**
 * The command {@code flipside}: one class per command, results on standard output, progress and logs on standard error.
 *
 * <ul>
 *   <li>{@link dev.flipside.cli.Main}: the root and its list of commands; {@code Arguments}: whether its words are what was typed; {@code Failures} and {@code
 *       LastResort}: what a failed command prints and returns.
 *   <li>{@code FlipsideCommand}: what every command extends; {@code CommonOptions}, {@code FileOptions}, {@code SamplingFlags}: shared options.
 *   <li>{@code Console}, {@code Table}, {@code Progress} (a bar on a terminal, lines elsewhere): what a person sees; {@code ResultStream} throws an {@code OutputException}
 *       where results cannot be written.
 *   <li>{@code JsonLines}, {@code InputRow}, {@code RowResults}: rows in, rows out.
 *   <li>{@code Generate}, {@code Chat}, {@code Score}, {@code Logprobs}: using a model.
 *   <li>{@code Train}, {@code TrainRm}: the trainings, with {@code ConfigArguments} (the file and what the command line changes in it), {@code TrainingConsole} and
 *       {@code StepFigures} (while it runs), {@code TrainingReport} and {@code TrainingSummary} (at the end).
 *   <li>{@code Compare}: {@code ComparisonPlan} (a {@code ComparisonBase}, which is a {@code WorldBase} or a {@code FileBase}, and its {@code ArmSetting}s), {@code ComparisonRuns} (does each
 *       {@code ComparisonWork} that is not done: {@code RewardModelWork}, {@code ArmWork}, {@code JudgeWork}) in {@code SeedOrder}, {@code ComparisonProgress} and {@code ComparisonSummary}.
 *   <li>{@code Demo}: two fixed comparisons, {@code DemoQuestion}.
 *   <li>{@code Report}: a page made by {@link dev.flipside.cli.report}.
 *   <li>{@code Validate}: {@code TrainInspection} and {@code RewardTrainingInspection} collect {@code Findings}; {@code PaddingProbe}, {@code TokenLengths} and
 *       {@code MemoryEstimate} measure.
 *   <li>{@code EvalPolicy}: the benchmarks of policies, each a {@code PolicyTask}; its answers are made by {@code PolicyAnswers} and kept in an {@code AnswerLog}, or
 *       are {@code AnswersMadeElsewhere}. A {@code VerifiableTask} ({@code EvalGsm8k}, {@code EvalMath}, {@code EvalIfEval}) is marked by a program: {@code TaskFolder} keeps
 *       the marks, {@code TaskReport} shows them.
 *   <li>{@code EvalAlpaca}, {@code EvalArenaHard}, {@code EvalVersus}: policies compared by a judge that {@code JudgeOptions} name, or by {@code AnswerRewards}; {@code
 *       NativeAnswers} reads the benchmarks' own files, {@code JudgeFigures} shows and keeps results.
 *   <li>{@code EvalRm}: reward models on their benchmarks, with {@code ScoringOptions}; {@code BenchmarkRun} scores, {@code EvalRmReport} shows, {@code JsonFile} keeps.
 *   <li>{@code Pull}, {@code Push}: models and datasets of the Hub, with {@code TransferProgress}; {@code FlipsideCommand.inputs} finds what any command is given by name.
 *   <li>{@code Bench}: {@code Benchmark} runs a {@code BenchPhase} on a {@code BenchShape} and returns a {@code BenchResult}.
 *   <li>{@code SharedClasses}: what the launcher has Java archive after a build, for faster starts.
 *   <li>{@code Doctor}, {@code Machine}: what the process runs on.
 * </ul>
 */
package dev.flipside.cli;

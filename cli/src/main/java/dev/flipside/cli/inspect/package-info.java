/**
 * What is looked at before anything is trained.
 *
 * <ul>
 *   <li>{@code Validate}: {@code TrainInspection} and {@code RewardTrainingInspection}, one for each kind of run,
 *       collect {@code Findings} of a {@code CheckStatus}.
 *   <li>{@code ModelInspection}, {@code ReaderInspection}, {@code DataFindings}: what both look at: models, how they
 *       read, data files.
 *   <li>{@code ExampleReply}, {@code PaddingProbe} and {@code TokenLengths}: what they look at it with.
 *   <li>{@code Data}: {@code DataInspect}, a file of preferences or prompts as {@code DatasetTables}.
 *   <li>{@code Rewards}: the reward functions that there are.
 * </ul>
 */
package dev.flipside.cli.inspect;

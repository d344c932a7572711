/**
 * What is looked at before anything is trained.
 *
 * <ul>
 *   <li>{@code Validate}: {@code TrainInspection} and {@code RewardTrainingInspection} collect {@code Findings}; {@code ModelInspection} holds what both check.
 *   <li>{@code PaddingProbe} and {@code TokenLengths} measure.
 *   <li>{@code Data}: {@code DataInspect}, a file of preferences or prompts as {@code DatasetTables}.
 * </ul>
 */
package dev.flipside.cli.inspect;

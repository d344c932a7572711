/**
 * Preregistered comparisons of arms over seeds.
 *
 * <ul>
 *   <li>{@code Compare}: the command; {@code Demo}: two fixed comparisons, each a {@code DemoQuestion}.
 *   <li>{@code ComparisonPlan}: a {@code ComparisonBase}, which is a {@code WorldBase} or a {@code FileBase}, and its {@code ArmSetting}s.
 *   <li>{@code ComparisonRuns} does each {@code ComparisonWork} that is not done, in {@code SeedOrder}: {@code RewardModelWork}, {@code ArmWork}, {@code JudgeWork}.
 *   <li>{@code ComparisonProgress} and {@code ComparisonSummary}: what is shown meanwhile and at the end.
 * </ul>
 */
package dev.flipside.cli.compare;

/**
 * Preregistered comparisons of arms over seeds, which {@link dev.flipside.compare} runs.
 *
 * <ul>
 *   <li>{@code Compare}: the command; {@code Demo}: two fixed comparisons, each a {@code DemoQuestion}.
 *   <li>{@code ComparisonProgress} and {@code ComparisonText}: what is shown meanwhile and at the end.
 * </ul>
 */
package dev.flipside.cli.compare;

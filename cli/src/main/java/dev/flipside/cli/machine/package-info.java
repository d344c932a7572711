/**
 * The machine and this build on it.
 *
 * <ul>
 *   <li>{@code Bench}: {@code SpeedMeasurement} runs a {@code BenchPhase} on a {@code BenchShape} and returns a
 *       {@code BenchResult}.
 *   <li>{@code Doctor}, {@code Machine}: what the process runs on; {@code BuildVersion}: what was built.
 * </ul>
 */
package dev.flipside.cli.machine;

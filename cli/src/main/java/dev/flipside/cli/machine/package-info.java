/**
 * The machine and this build on it.
 *
 * <ul>
 *   <li>{@code Bench}: {@code SpeedMeasurement} runs a {@code BenchPhase} on a {@code BenchShape} and returns a
 *       {@code BenchResult}; {@code SystemWork} is what the operating system did for it.
 *   <li>{@code Doctor}, {@code Machine}, {@code Processor}: what the process runs on; {@code BuildVersion}: what was
 *       built.
 * </ul>
 */
package dev.flipside.cli.machine;

package dev.flipside.eval.dataset;

import java.util.List;

/**
 * The prompts that a data file shares with a benchmark.
 *
 * @param benchmark its name and file
 * @param prompts of the benchmark
 * @param same rows whose prompt is one of them
 * @param sameThere prompts of the benchmark that are such a row's
 * @param shared rows that have 13 words in a row with one of them
 * @param sharedThere prompts of the benchmark that have
 * @param examples the first such rows
 */
public record BenchmarkOverlap(
        String benchmark, int prompts, int same, int sameThere, int shared, int sharedThere, List<String> examples) {}

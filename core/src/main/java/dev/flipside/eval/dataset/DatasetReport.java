package dev.flipside.eval.dataset;

import dev.flipside.data.Example;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a data file holds.
 *
 * @param rows in the file
 * @param columns how many rows have something in a column
 * @param shapes how many rows were read in a shape
 * @param refused rows that no shape fits
 * @param refusals the first of their errors
 * @param prompts of all rows that were read
 * @param pairs of those that hold two replies, when there are any
 * @param tokens when a tokenizer was given
 * @param overlaps one per benchmark
 * @param examples the first rows that were read
 */
public record DatasetReport(
        int rows,
        Map<String, Integer> columns,
        Map<String, Integer> shapes,
        int refused,
        List<String> refusals,
        PromptFigures prompts,
        Optional<PairFigures> pairs,
        Optional<TokenFigures> tokens,
        List<BenchmarkOverlap> overlaps,
        List<Example> examples) {}

package dev.flipside.eval.benchmark;

import com.fasterxml.jackson.annotation.JsonFormat;

/** Indices of two answers of a {@link BenchmarkItem}; on disk [better, worse]. */
@JsonFormat(shape = JsonFormat.Shape.ARRAY)
public record AnswerPair(int better, int worse) {}

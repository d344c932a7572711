package dev.flipside.cli.rows;

/**
 * A row as a model reads it.
 *
 * @param input as it was written
 * @param place among all rows, from 0
 * @param read its tokens
 */
public record ModelRow<R>(InputRow input, int place, R read) {}

package dev.flipside.model;

/**
 * A module that looks rows of its weight up.
 *
 * @param name its path in transformers, without {@code .weight}
 * @param slot that holds the weight
 */
record EmbeddingModule(String name, String slot, long rows, long columns) {}

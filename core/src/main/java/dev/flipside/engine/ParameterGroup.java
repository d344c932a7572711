package dev.flipside.engine;

/**
 * Weights that share a learning rate.
 *
 * @param name names the group's state in a checkpoint
 * @param parameters trained weights ({@link Parameters#train} is called)
 * @param weightDecay decoupled decay
 */
public record ParameterGroup(String name, Parameters parameters, double weightDecay) {}

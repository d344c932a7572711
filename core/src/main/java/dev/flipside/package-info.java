/**
 * RLHF on the JVM in which the reward model keeps learning while the policy trains.
 *
 * <p>{@code algo} is the mathematics, {@code engine} libtorch, {@code model} the decoders and heads, {@code gguf} the
 * import of GGUF files, {@code text} tokenizers and chat templates, {@code data} the files users have, {@code rollout}
 * sampling, {@code reward} programmatic rewards, {@code train} the loops, {@code eval} probes and statistics,
 * {@code world} the synthetic world, {@code run} what a run leaves on disk, {@code config} the options.
 */
package dev.flipside;

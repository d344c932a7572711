/**
 * Weights on disk in the safetensors format, of whatever model. Knows no architecture.
 *
 * <ul>
 *   <li>{@link dev.flipside.safetensors.SafeTensors}: one file, read and written; {@code SafeTensorsHeader} checks what
 *       it claims, {@link dev.flipside.safetensors.TensorInfo} is one line of it.
 *   <li>{@link dev.flipside.safetensors.WeightFiles}: the weights of a directory, in a single file or in shards with
 *       their index.
 *   <li>{@link dev.flipside.safetensors.WeightType}: the types that weights are read from and written as;
 *       {@link dev.flipside.safetensors.WeightSource}: numbers that are made when a file is ready for them.
 *   <li>{@link dev.flipside.safetensors.Json}: the JSON files that lie beside weights.
 * </ul>
 */
package dev.flipside.safetensors;

/**
 * libtorch kept in one place. Nothing here knows about language models.
 *
 * <ul>
 *   <li>{@link dev.flipside.engine.NativeLibrary}: which libtorch, BLAS, threads and devices are in use; loads them
 *       once. {@link dev.flipside.engine.UnpackedFiles}: whether what was unpacked is whole.
 *   <li>{@link dev.flipside.engine.MatrixProductSpeed}: how fast this machine multiplies, for {@code flipside doctor}.
 *   <li>{@link dev.flipside.engine.MatrixProduct}, {@link dev.flipside.engine.PackedWeight},
 *       {@link dev.flipside.engine.DenseProducts}: products of float32 matrices on the CPU by oneDNN ({@code OneDnn}),
 *       one by one or in batches, and those of a dense layer; {@link dev.flipside.engine.Epilogue}: what happens to a
 *       product before it is stored.
 *   <li>{@link dev.flipside.engine.Device}: {@code auto}, {@code cpu} or {@code cuda:N}.
 *   <li>{@link dev.flipside.engine.Tensors}: between Java arrays and tensors, and the optional arguments that
 *       libtorch's C++ signatures want.
 *   <li>{@link dev.flipside.engine.Scopes}: what outlives a {@code PointerScope}, and gradient-free blocks.
 *   <li>{@link dev.flipside.engine.NativeMemory}: memory that was freed and is not yet the system's again.
 *   <li>{@link dev.flipside.engine.Parameters}: named weights inside one flat buffer, a
 *       {@link dev.flipside.engine.ParameterSlot} each, with one flat gradient.
 *   <li>{@link dev.flipside.engine.AdamW}, {@link dev.flipside.engine.Schedule}: the optimiser over flat buffers, in
 *       {@link dev.flipside.engine.ParameterGroup}s, and its learning rate.
 *   <li>{@link dev.flipside.engine.Collective}: what processes that train together exchange, by c10d
 *       ({@code ProcessGroup}), with {@link dev.flipside.engine.Placement}: which of them this one is, {@code Meeting}:
 *       how they find each other and who is missing, and {@link dev.flipside.engine.Shard}: a rank's part of a flat
 *       buffer.
 *   <li>{@link dev.flipside.engine.Seeds}: every random number, derived from (seed, stream, step, prompt, sample).
 * </ul>
 */
package dev.flipside.engine;

/**
 * Families of decoders: what their config.json means and what their tensors are called. Declarations only: nothing here
 * computes, and no tensor library is needed.
 *
 * <ul>
 *   <li>{@link dev.flipside.model.family.Family}: one class per {@code model_type}, with {@code FamilyReader} for what
 *       they share and {@link dev.flipside.model.family.ConfigJson} for typed reading of a file.
 *   <li>{@link dev.flipside.model.family.DecoderConfig} (made by its
 *       {@link dev.flipside.model.family.DecoderConfigBuilder}): the architecture as data, with
 *       {@link dev.flipside.model.family.RopeConfig} for rotations.
 *   <li>{@link dev.flipside.model.family.TensorNames}: the tensors of a family's files, by the
 *       {@link dev.flipside.model.family.BlockModules} that they fill, and the
 *       {@link dev.flipside.model.family.TensorForm} in which their rows lie.
 * </ul>
 */
package dev.flipside.model.family;

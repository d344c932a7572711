/**
 * Synthetic worlds with a known (gold) reward: list-writing in a language of 146 words, made by rules, so that the
 * whole of SAVE can be run and judged in minutes, without a download. It knows nothing of training: what it makes are
 * ordinary files, which the ordinary trainers read.
 *
 * <ul>
 *   <li>{@link dev.flipside.world.Vocabulary}, {@link dev.flipside.world.ListPrompt}: the words, and the 108 prompts.
 *   <li>{@link dev.flipside.world.GoldReward}: the truth, 0 to 1; reward function {@code world_gold} in configurations.
 *   <li>{@link dev.flipside.world.Grammar}: the careful and the sloppy writer whose texts the policy first learns from.
 *   <li>{@link dev.flipside.world.Labelling}: pairs of texts ({@link dev.flipside.world.ListPair}), ordered by gold
 *       with mistakes.
 *   <li>{@link dev.flipside.world.World}: grammar, labelling and lengths together; {@link dev.flipside.world.World#W},
 *       where SAVE must win, {@link dev.flipside.world.World#N}, where it must not, and variants of them.
 *   <li>{@link dev.flipside.world.ModelShape}: how large their models are, and of which family.
 *   <li>{@link dev.flipside.world.WorldFolder}: one seed of a world as files: data and configurations.
 *   <li>{@link dev.flipside.world.Pretraining}: makes that model a language model of the grammar.
 *   <li>{@link dev.flipside.world.Arm}: the settings of the loop that are compared.
 * </ul>
 */
package dev.flipside.world;

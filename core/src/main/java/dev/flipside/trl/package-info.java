/**
 * Configurations of TRL as Flipside's.
 *
 * <ul>
 *   <li>{@code TrlTrainer}: whose configuration it is; {@code TrlFile}: one, as flat YAML or JSON.
 *   <li>{@code TrlTranslation}: what becomes of it, key by key.
 *   <li>{@code TrlRules}: by which rules; {@code PolicyRules} and {@code RewardRules} for the two commands,
 *       {@code TrlKeys} for keys that need no rule but a name or a reason, {@code TrlBatches} for how work is cut.
 * </ul>
 *
 * <p>Names, defaults and meanings are those of TRL 1.13 and transformers 5.17.
 */
package dev.flipside.trl;

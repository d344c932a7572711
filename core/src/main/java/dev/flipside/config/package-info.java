/**
 * The options of a run: records with TRL's names in snake_case, one default each, read strictly.
 *
 * <ul>
 *   <li>{@link dev.flipside.config.TrainConfig}, {@link dev.flipside.config.RewardTrainingConfig}: the two files that
 *       users write, made of the section records. Defaults and ranges stand beside their keys.
 *   <li>{@link dev.flipside.config.ComparisonConfig}: the file of {@code flipside compare};
 *       {@link dev.flipside.config.Overrides}, what an arm changes.
 *   <li>{@link dev.flipside.config.SaveConfig}: section save, in groups of one idea each, and what its presets set.
 *   <li>{@link dev.flipside.config.LoraConfig}: the map {@code lora} of sections policy and reward_model.
 *   <li>{@link dev.flipside.config.ConfigReader}: defaults, then preset, then file, then {@code key=value}; an unknown
 *       key or a wrong type is an error. {@link dev.flipside.config.ReadConfig}: what comes out, with the keys that
 *       were given.
 *   <li>{@link dev.flipside.config.Validation}: values that do not go together, and keys that have no effect under the
 *       chosen options.
 *   <li>{@link dev.flipside.config.ResumedConfig}: what a run or a comparison that goes on may change.
 *   <li>{@link dev.flipside.config.Doc}: what an option means; docs/configuration.md is generated from it.
 *   <li>{@link dev.flipside.config.Spelling}: how a choice is written, whoever writes it.
 *   <li>{@link dev.flipside.config.UserError}: what the user can mend, as a sentence.
 *   <li>{@link dev.flipside.config.BoundedFile}, {@link dev.flipside.config.BoundedLines},
 *       {@link dev.flipside.config.NamedPath}, {@link dev.flipside.config.StrictJson},
 *       {@link dev.flipside.config.JsonReason}, {@link dev.flipside.config.IoReason}: how anything from elsewhere is
 *       read, whoever reads it.
 * </ul>
 */
package dev.flipside.config;

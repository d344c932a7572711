/**
 * The two trainings.
 *
 * <ul>
 *   <li>{@link dev.flipside.train.RewardTrainer}: a Bradley-Terry reward model from labelled pairs.
 *   <li>{@link dev.flipside.train.SaveTrainer}: the SAVE loop. It reads like the method's description; its parts are {@code Rollouts} (sample), {@code RewardModelUpdate}
 *       (grade, filter, improve) with {@code UpdateGate}, {@code RewardSignal} (score) and {@code PolicyUpdate}; {@code ValueWarmUp} comes before.
 *       {@code RescaledJudge} is the temperature-scaling control.
 *   <li>{@link dev.flipside.train.ConfiguredModels}: the models that a configuration names, new adapters among them; {@link dev.flipside.train.AdapterMerge}: from an adapter to a model that
 *       needs none, and back.
 *   <li>{@code Session}, {@code Round}, {@code CheckpointFiles}: what is loaded, what one round of co-evolution owns, and how it is saved and restored.
 *   <li>{@code Evaluator}: what is measured on held-out data, with {@code HeldOutPairs}, {@code FirstEvaluation} (what later ones are compared with), {@code SampleDiagnostics} and
 *       {@code ValueCheck}; {@code FeedbackStatistics} measures the update itself. What the numbers mean is in {@link dev.flipside.eval.alarm}.
 *   <li>{@link dev.flipside.train.ReferenceCheck}: before anything is trained, whether the rows hold what the reward functions need.
 *   <li>{@link dev.flipside.train.TrainListener}: what a console hears.
 * </ul>
 */
package dev.flipside.train;

/**
 * The two trainings.
 *
 * <ul>
 *   <li>{@link dev.flipside.train.RewardTrainer}: a Bradley-Terry reward model from labelled pairs.
 *   <li>{@link dev.flipside.train.SaveTrainer}: the SAVE loop. {@code TrainingLoop} counts steps and rounds;
 *       {@code Round#step} is the method: {@code Sampler} (sample and read), {@code RewardModelLearner} (teach the
 *       reward model), {@code RewardSignal} (grade), {@code Refill}, {@code PolicyUpdate}. docs/walkthrough.md follows
 *       a prompt through it.
 *   <li>{@code SelfImproving}, beside {@code Frozen}: {@code RewardModelUpdate} (grade, label by {@code Labeller},
 *       improve by {@code ContrastPass}, held to labelled pairs by {@code GradientGuard} and {@code PairMemory}),
 *       {@code UpdateGate} with its {@code GateDecision}, and {@code RescaledJudge}, the temperature-scaling control;
 *       {@code ValueWarmUp} comes before. {@code Course} is what of section save is in force in a step, and
 *       {@code AutoCourse} decides it under preset auto, from {@code LooksFigures} and the gate.
 *   <li>{@code PolicyUpdate}: the optimiser steps, with what algorithms differ in in {@code PolicyObjective}.
 *       {@code Optimiser}: what every update does between backward pass and step, by a {@code CheckedGradient}.
 *   <li>{@code StepFigures}: the names of what a step found. {@code RunLog} and {@code SampleLog} write it.
 *   <li>{@link dev.flipside.train.ConfiguredModels}: the models that a configuration names, new adapters among them;
 *       {@link dev.flipside.train.AdapterMerge}: from an adapter to a model that needs none, and back.
 *   <li>{@code Session}, {@code Round}, {@code CheckpointFiles} (with a {@code CheckpointState}): what is loaded, what
 *       one round of co-evolution owns, and how it is saved and restored.
 *   <li>{@code Evaluator}: what is measured on held-out data, with {@code HeldOutPairs} ({@code HeldOutScores}),
 *       {@code EvaluationBaseline} (what later ones are compared with), {@code SampleDiagnostics} and
 *       {@code ValueCheck}; {@code FeedbackStatistics} measures the update itself. What the numbers mean is in
 *       {@link dev.flipside.eval.alarm}.
 *   <li>Before anything is trained: {@link dev.flipside.train.ReferenceCheck} (whether the rows hold what the reward
 *       functions need), {@link dev.flipside.train.PairTally} over {@code PairLengthLimit} (pairs that the reward model
 *       cannot tell apart), {@link dev.flipside.train.Overlap} and {@link dev.flipside.train.TaughtBy} (whether what is
 *       held out is), {@link dev.flipside.train.PrefixProbe} (replies that merge with their prompt),
 *       {@link dev.flipside.train.EndOfTurn} (whether replies end) and {@link dev.flipside.train.Renderers} (whether
 *       the chat template is the model's own); {@link dev.flipside.train.MemoryEstimate} (how much memory a run takes,
 *       by {@link dev.flipside.train.ModelSize}).
 *   <li>{@code Ranks}: who splits a run's work among several processes and puts the numbers together again
 *       ({@code SharedGroups} samples), once {@code SameOnAllRanks} has found them alike; {@code RunOutput}: which of
 *       them writes. docs/scaling.md says what is split and what is summed.
 *   <li>{@link dev.flipside.train.TrainListener}: what a console hears.
 * </ul>
 */
package dev.flipside.train;

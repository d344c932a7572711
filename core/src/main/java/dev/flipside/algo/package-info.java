/**
 * The mathematics of RLHF and of SAVE, as pure functions on {@code double} arrays.
 *
 * <p>Nothing here knows of tensors: a model hands log-probabilities, rewards and values down as arrays, and every loss
 * returns its value together with the analytic gradient with respect to those arrays, which the model propagates
 * further. Sums run in index order, so equal input gives equal bits. A loss that may be evaluated in pieces takes its
 * normaliser from the caller, computed once for the whole batch: the pieces then sum to the loss and the gradient of
 * the whole, however the batch is split.
 *
 * <ul>
 *   <li>Policy: {@link dev.flipside.algo.Advantages}, {@link dev.flipside.algo.PolicyLoss} of a
 *       {@link dev.flipside.algo.Surrogate} with {@link dev.flipside.algo.ImportanceSampling},
 *       {@link dev.flipside.algo.LossType}, {@link dev.flipside.algo.LossAggregation}, {@link dev.flipside.algo.Kl} and
 *       {@link dev.flipside.algo.PolicyLossStatistics}.
 *   <li>Reward model from labelled pairs: {@link dev.flipside.algo.BradleyTerry},
 *       {@link dev.flipside.algo.Calibration}.
 *   <li>Reward model from its own feedback (SAVE): {@link dev.flipside.algo.Anchors},
 *       {@link dev.flipside.algo.FeedbackFilter} with {@link dev.flipside.algo.FilterRule} and
 *       {@link dev.flipside.algo.Feedback}, {@link dev.flipside.algo.ControlLabels},
 *       {@link dev.flipside.algo.AnchoredContrast}, {@link dev.flipside.algo.Centering}.
 *   <li>Value head: {@link dev.flipside.algo.ValueTarget}, {@link dev.flipside.algo.ValueLoss},
 *       {@link dev.flipside.algo.Ridge}, {@link dev.flipside.algo.ExplainedVariance}.
 *   <li>Diagnostics: {@link dev.flipside.algo.McNemar}, {@link dev.flipside.algo.RankCorrelation}.
 *   <li>Shared: {@link dev.flipside.algo.Groups}, {@link dev.flipside.algo.Logistic}.
 * </ul>
 *
 * <p>Matrices are {@code [prompt][sample]} or {@code [sequence][token]}; rows may differ in length. A wrong shape or a
 * value outside its range is a mistake of the calling code and throws {@link java.lang.IllegalArgumentException}.
 */
package dev.flipside.algo;

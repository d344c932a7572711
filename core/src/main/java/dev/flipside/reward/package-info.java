/**
 * Rewards computed by programs, beside or in place of a reward model's score.
 *
 * <ul>
 *   <li>{@link dev.flipside.reward.RewardFunction}: the interface, also for functions of a user's own, and the
 *       {@code Sample} they see.
 *   <li>{@link dev.flipside.reward.RewardFunctions}: finds a function by name. {@code RewardOptions} reads its
 *       {@link dev.flipside.reward.RewardOption}s.
 *   <li>{@link dev.flipside.reward.RewardMix}: several functions with weights, a {@link dev.flipside.reward.RewardTerm}
 *       each; {@link dev.flipside.reward.LabelledReward}: one that is used twice.
 *   <li>Built in: {@link dev.flipside.reward.LengthReward}, {@link dev.flipside.reward.RegexFormatReward},
 *       {@link dev.flipside.reward.ExactAnswerReward}, {@link dev.flipside.reward.MathAnswerReward} and
 *       {@link dev.flipside.reward.IfEvalReward} (the programs of {@code eval.policy}),
 *       {@link dev.flipside.reward.RepetitionReward}, and {@link dev.flipside.reward.StoryReward}, the truth of the
 *       task {@code stories}; {@code Reference} is the right answer that a row holds.
 *   <li>Built in and computed elsewhere: {@code HttpReward} asks a {@code RewardServer}, {@code ProcessReward} a
 *       {@code RewardProcess}. {@code RewardBatches} is what they send, {@code RewardAnswer} what they get;
 *       {@link dev.flipside.reward.RewardUnavailableException} is a server that gives no answer.
 *   <li>{@link dev.flipside.reward.RewardReference}: the part of docs/rewards.md that lists them.
 * </ul>
 */
package dev.flipside.reward;

/**
 * Policies compared by a judge.
 *
 * <ul>
 *   <li>Asking: {@link dev.flipside.eval.judge.Judge} sends {@link dev.flipside.eval.judge.ChatRequest}s to a
 *       {@link dev.flipside.eval.judge.JudgeEndpoint} and gets {@link dev.flipside.eval.judge.ChatReply}s, several at a
 *       time; {@code ChatClient} is one request with its retries and {@link dev.flipside.net.BoundedAnswer} what it
 *       takes of an answer, {@code ReplyCache} what was answered before, {@link dev.flipside.eval.judge.JudgeUsage}
 *       what it cost by {@link dev.flipside.eval.judge.TokenPrices}, {@link dev.flipside.net.ApiKey} the secret,
 *       {@link dev.flipside.eval.judge.JudgeTemplate} the wording.
 *   <li>{@link dev.flipside.eval.judge.AlpacaEval}: weighted preference; {@link dev.flipside.eval.judge.LengthControl}
 *       of {@code JudgedInstruction}s with {@link dev.flipside.eval.judge.GamedBaseline}, by
 *       {@code L1LogisticRegression}.
 *   <li>{@link dev.flipside.eval.judge.ArenaHard}: from an {@link dev.flipside.eval.judge.ArenaJudgment} of two
 *       {@code ArenaGame}s by {@code ArenaBattle}s to an {@code ArenaScore};
 *       {@link dev.flipside.eval.judge.StyleControl} on {@link dev.flipside.eval.judge.StyleFeatures}, by
 *       {@code LimitedMemoryBfgs}.
 *   <li>{@link dev.flipside.eval.judge.Versus}: two policies on any prompts;
 *       {@link dev.flipside.eval.judge.MatchOutcome}: what becomes of one of them.
 * </ul>
 */
package dev.flipside.eval.judge;

package dev.flipside.eval.dataset;

import java.util.Optional;

/**
 * A dataset as the model's own template renders it.
 *
 * @param prompts tokens of the prompts, generation prompt included
 * @param chosen tokens of the chosen replies, end of turn included
 * @param rejected tokens of the rejected replies
 * @param limit the longest conversation that fits
 * @param tooLong rows of which a prompt, or a prompt with its longer reply, has more tokens
 * @param notRendered rows that the template refuses
 * @param firstNotRendered why, for the first of them
 * @param alike usable pairs of which both replies are the same tokens once they are rendered, which training drops
 * @param alikeTruncated the same once they are truncated on the right to {@code limit}
 * @param merged replies that merge with their prompt's last tokens
 * @param firstMerged where, for the first of them
 * @param spelled rows of which a message spells a special token, which becomes one
 * @param firstSpelled which, for the first of them
 */
public record TokenFigures(
        LengthSpread prompts,
        LengthSpread chosen,
        LengthSpread rejected,
        int limit,
        int tooLong,
        int notRendered,
        Optional<String> firstNotRendered,
        int alike,
        int alikeTruncated,
        int merged,
        Optional<String> firstMerged,
        int spelled,
        Optional<String> firstSpelled) {}

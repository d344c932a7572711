package dev.flipside.model;

import dev.flipside.text.Rendered;
import java.util.Arrays;
import java.util.Optional;

/**
 * A rendered conversation to score. The reward is read at its last token, the value at the last token of its prompt.
 *
 * @param ids the whole conversation's tokens
 * @param promptLength how many of the first ids are the prompt's own, which the rows of a prompt share; 0 when it is
 *     not known where the prompt ends, and the value is then NaN
 * @param mergedPrompt the ids of the prompt alone, where its last tokens merge with what follows so that they are not
 *     the first ids. The value is then read at the end of the prompt alone: it depends on nothing but the prompt,
 *     whatever reply stands behind it
 */
public record ScoredRow(int[] ids, int promptLength, Optional<int[]> mergedPrompt) {
    public ScoredRow {
        if (ids.length == 0 || promptLength < 0 || promptLength > ids.length) {
            throw new IllegalArgumentException("a prompt of " + promptLength + " in " + ids.length + " tokens");
        }
        if (mergedPrompt.filter(prompt -> prompt.length <= promptLength).isPresent()) {
            throw new IllegalArgumentException(
                    "a merged prompt of no more than the " + promptLength + " tokens shared");
        }
    }

    /** A conversation whose first {@code promptLength} tokens are its prompt's. */
    public ScoredRow(int[] ids, int promptLength) {
        this(ids, promptLength, Optional.empty());
    }

    public static ScoredRow of(Rendered rendered) {
        return new ScoredRow(rendered.ids(), rendered.promptLength(), rendered.mergedPrompt());
    }

    /** The prompt's own ids; none when it is not known where the prompt ends. */
    public int[] prompt() {
        return mergedPrompt.orElseGet(() -> Arrays.copyOf(ids, promptLength));
    }

    /** How many tokens the prompt alone has. */
    public int promptTokens() {
        return mergedPrompt.map(prompt -> prompt.length).orElse(promptLength);
    }

    /** The most tokens that are computed together for this row: those of the conversation, or of its prompt alone. */
    public int longest() {
        return Math.max(ids.length, promptTokens());
    }

    /** The conversation without its first tokens, fewer than {@link #promptLength}. */
    public ScoredRow withoutFirst(int tokens) {
        return tokens == 0
                ? this
                : new ScoredRow(
                        Arrays.copyOfRange(ids, tokens, ids.length),
                        promptLength - tokens,
                        mergedPrompt.map(prompt -> Arrays.copyOfRange(prompt, tokens, prompt.length)));
    }

    /** The conversation's first tokens, at least those of its prompt. */
    public ScoredRow upTo(int tokens) {
        return tokens >= ids.length ? this : new ScoredRow(Arrays.copyOf(ids, tokens), promptLength, mergedPrompt);
    }
}

package dev.flipside.text;

/**
 * A prompt and a completion as a policy writes them: the prompt's own tokens, then those of the completion behind them.
 * A reward model reads {@link Rendered}.
 *
 * @param ids prompt ids followed by completion ids; not to be written to
 * @param promptLength how many of them are the prompt's (generation prompt included), at least 1
 * @param joined whether they were joined from two encodings, because a tokenizer that sees both texts at once merges
 *     across their border
 */
@SuppressWarnings(
        "ArrayRecordComponent") // token ids stay arrays from tokenizer to tensor; renderings are never compared
public record Continued(int[] ids, int promptLength, boolean joined) {
    public Continued {
        if (promptLength < 1 || promptLength > ids.length) {
            throw new IllegalArgumentException("prompt of " + promptLength + " in " + ids.length + " ids");
        }
    }
}

package dev.flipside.text;

/**
 * A prompt and its completion as one sequence of token ids, with the positions at which the reward model reads its two numbers.
 *
 * @param ids prompt ids followed by completion ids; not to be written to
 * @param promptLength how many of them are the prompt's (generation prompt included), at least 1
 * @param prefixKept whether the tokenizer itself split the joined text behind the prompt; false where a merge across that border had to be undone, so
 *     that transformers, encoding the joined text at once, gets other ids
 */
@SuppressWarnings(
        "ArrayRecordComponent") // token ids stay arrays from tokenizer to tensor; renderings are never compared
public record Rendered(int[] ids, int promptLength, boolean prefixKept) {
    public Rendered {
        if (promptLength < 1 || promptLength > ids.length) {
            throw new IllegalArgumentException("prompt of " + promptLength + " in " + ids.length + " ids");
        }
    }

    /** Index of the last token: where the reward is read. */
    public int rewardPosition() {
        return ids.length - 1;
    }

    /** Index of the prompt's last token: where the value is read. */
    public int valuePosition() {
        return promptLength - 1;
    }
}

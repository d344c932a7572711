package dev.flipside.text;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A prompt and its completion as a reward model reads them: the whole rendered text encoded at once, as transformers
 * and TRL do, with the positions of its two numbers.
 *
 * @param ids the tokens of the whole text; not to be written to
 * @param promptLength how many of the first ids are the prompt's own (generation prompt included): all of the prompt's
 *     where nothing merges, and then at least 1; else the longest beginning that both have in common
 * @param mergedPrompt the ids of the prompt alone, where a token of the whole text reaches across the border of prompt
 *     and completion so that they are not its first ids; not to be written to
 */
@SuppressWarnings(
        "ArrayRecordComponent") // token ids stay arrays from tokenizer to tensor; renderings are never compared
public record Rendered(int[] ids, int promptLength, Optional<int[]> mergedPrompt) {
    public Rendered {
        if (promptLength < (mergedPrompt.isPresent() ? 0 : 1) || promptLength > ids.length) {
            throw new IllegalArgumentException("prompt of " + promptLength + " in " + ids.length + " ids");
        }
    }

    static Rendered of(int[] promptIds, int[] wholeIds) {
        int common = Arrays.mismatch(promptIds, wholeIds);
        return common < 0 || common == promptIds.length
                ? new Rendered(wholeIds, promptIds.length, Optional.empty())
                : new Rendered(wholeIds, common, Optional.of(promptIds));
    }

    /** Whether a token reaches across the border of prompt and completion. */
    public boolean merges() {
        return mergedPrompt.isPresent();
    }

    /** Index of the last token: where the reward is read. */
    public int rewardPosition() {
        return ids.length - 1;
    }

    /**
     * Index of the prompt's last token: where the value is read. Empty where it merges: the value is then read at the
     * end of the prompt alone.
     */
    public OptionalInt valuePosition() {
        return merges() ? OptionalInt.empty() : OptionalInt.of(promptLength - 1);
    }
}

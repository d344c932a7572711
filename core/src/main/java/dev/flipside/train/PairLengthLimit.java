package dev.flipside.train;

import dev.flipside.config.RewardTrainingConfig.LongPairs;
import dev.flipside.config.RewardTrainingConfig.TruncationMode;
import dev.flipside.data.Preference;
import dev.flipside.model.ScoredRow;
import dev.flipside.text.Renderer;
import java.util.Optional;

/** Labelled pairs of {@code train-rm} rendered and within the length limit; counts those beyond it. */
final class PairLengthLimit {
    private final Renderer renderer;
    private final int maxLength;
    private final LongPairs longPairs;
    private final TruncationMode mode;
    private int tooLong;

    PairLengthLimit(Renderer renderer, int maxLength, LongPairs longPairs, TruncationMode mode) {
        this.renderer = renderer;
        this.maxLength = maxLength;
        this.longPairs = longPairs;
        this.mode = mode;
    }

    /**
     * Empty for a pair that is too long and not truncated, or of which nothing would be left on one side of the border
     * of prompt and reply.
     */
    Optional<LabelledPair> rows(Preference pair) {
        ScoredRow chosen = ScoredRow.of(renderer.complete(pair.prompt(), pair.chosen(), true));
        ScoredRow rejected = ScoredRow.of(renderer.complete(pair.prompt(), pair.rejected(), true));
        boolean fits = Math.max(chosen.longest(), rejected.longest()) <= maxLength;
        tooLong += fits ? 0 : 1;
        return fits || longPairs == LongPairs.TRUNCATE && hasRoom(chosen) && hasRoom(rejected)
                ? Optional.of(new LabelledPair(truncated(chosen), truncated(rejected)))
                : Optional.empty();
    }

    /** Pairs with a conversation beyond the limit, truncated or not. */
    int tooLong() {
        return tooLong;
    }

    /**
     * Whether a truncated conversation keeps a token of its prompt, whose last one the value is read at, and one of its
     * reply.
     */
    private boolean hasRoom(ScoredRow row) {
        return mode == TruncationMode.KEEP_START
                ? row.promptTokens() < maxLength
                : row.longest() - maxLength < row.promptLength();
    }

    private ScoredRow truncated(ScoredRow row) {
        if (row.longest() <= maxLength) {
            return row;
        }
        return mode == TruncationMode.KEEP_START ? row.upTo(maxLength) : row.withoutFirst(row.longest() - maxLength);
    }
}

package dev.flipside.train;

import dev.flipside.config.UserError;
import dev.flipside.reward.RewardUnavailableException;
import java.util.function.Supplier;

/** Reward functions that are asked in a run: what ends it says how it goes on. */
final class AskedRewards {
    private static final String RESUMING =
            "; with --resume the run then goes on from its last checkpoint, and a comparison by itself.";

    private AskedRewards() {}

    /** @throws UserError and RewardUnavailableException of the functions, whose sentence then ends so */
    static <T> T asked(Supplier<T> asking) {
        try {
            return asking.get();
        } catch (UserError e) {
            throw new UserError(resumable(e), e);
        } catch (RewardUnavailableException e) {
            throw new RewardUnavailableException(resumable(e), e);
        }
    }

    private static String resumable(RuntimeException failure) {
        return failure.getMessage().replaceFirst("\\.$", "") + RESUMING;
    }
}

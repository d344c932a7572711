package dev.flipside.train;

import dev.flipside.algo.Groups;
import java.util.stream.IntStream;

/**
 * Groups whose rewards are all equal, those aside that nothing could judge: every advantage in them is 0, so they cost a batch its signal (DAPO's dynamic sampling, arXiv 2503.14476).
 *
 * @param groups their places in the batch
 */
record Refill(int[] groups) {
    static Refill of(RewardSignal.Rewards rewards) {
        double[][] total = rewards.total();
        return new Refill(IntStream.range(0, total.length)
                .filter(p -> Groups.allEqual(Groups.scorable(total[p])))
                .toArray());
    }

    boolean isEmpty() {
        return groups.length == 0;
    }

    int size() {
        return groups.length;
    }

    /** The batch with those groups replaced, in their places. */
    RolloutBatch replace(RolloutBatch batch, RolloutBatch replacements) {
        int[] order = IntStream.range(0, batch.size()).toArray();
        for (int i = 0; i < groups.length; i++) {
            order[groups[i]] = batch.size() + i;
        }
        return batch.followedBy(replacements).select(order);
    }
}

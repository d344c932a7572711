package dev.flipside.train;

import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.RewardTrainingConfig.LongPairs;
import dev.flipside.config.RewardTrainingConfig.TruncationMode;
import dev.flipside.config.UserError;
import dev.flipside.data.Preference;
import dev.flipside.model.ScoredRow;
import dev.flipside.text.Conversation;
import dev.flipside.text.Renderer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a reward model's tokens make of labelled pairs: which of them it cannot tell apart, because both replies are the
 * same tokens once they are rendered and truncated, and which replies merge with their prompt's last tokens.
 *
 * <p>A pair of equal tokens teaches nothing and measures nothing: its loss is log 2 and its gradient zero, whatever the
 * model.
 */
public final class PairTally {
    private final Renderer renderer;
    private int pairs;
    private int alike;
    private int merged;
    private Optional<String> firstMerged = Optional.empty();

    PairTally(Renderer renderer) {
        this.renderer = renderer;
    }

    /** The pairs that {@code train-rm} would train on or hold out, for a look before the run. */
    public static PairTally ofRewardTraining(
            List<Preference> pairs, Renderer renderer, RewardTrainingConfig.Data data, int maxLength) {
        PairLengthLimit limit = new PairLengthLimit(renderer, maxLength, data.longPairs(), data.truncationMode());
        return of(pairs, renderer, limit);
    }

    /**
     * The pairs that {@code train} would use in its guard or hold out, without those whose prompt alone fills
     * {@code maxLength}, which it refuses.
     */
    public static PairTally ofRun(List<Preference> pairs, Renderer renderer, int maxLength) {
        return of(
                pairs,
                renderer,
                new PairLengthLimit(renderer, maxLength, LongPairs.TRUNCATE, TruncationMode.KEEP_START));
    }

    private static PairTally of(List<Preference> pairs, Renderer renderer, PairLengthLimit limit) {
        PairTally tally = new PairTally(renderer);
        for (int i = 0; i < pairs.size(); i++) {
            Optional<LabelledPair> rows = limit.rows(pairs.get(i));
            if (rows.isPresent()) {
                tally.add(i + 1, pairs.get(i), rows.get());
            }
        }
        return tally;
    }

    /**
     * Counts a pair.
     *
     * @param number of the pair among all, from 1
     * @param rows as the model reads it, truncated
     * @return whether the model can tell the replies apart
     */
    boolean add(int number, Preference pair, LabelledPair rows) {
        pairs++;
        look(number, pair.prompt(), pair.chosen(), rows.chosen());
        look(number, pair.prompt(), pair.rejected(), rows.rejected());
        boolean apart = !Arrays.equals(rows.chosen().ids(), rows.rejected().ids());
        alike += apart ? 0 : 1;
        return apart;
    }

    private void look(int number, Conversation prompt, String reply, ScoredRow row) {
        if (row.mergedPrompt().isPresent()) {
            merged++;
            firstMerged = firstMerged.or(
                    () -> renderer.prefixMismatch(prompt, reply).map(mismatch -> "pair " + number + " " + mismatch));
        }
    }

    /** Pairs counted. */
    public int pairs() {
        return pairs;
    }

    /** Pairs of which both replies are the same tokens. */
    public int alike() {
        return alike;
    }

    /** Replies, two a pair, that merge with their prompt's last tokens. */
    public int merged() {
        return merged;
    }

    /** The first such reply's pair, with the character from which on it merges. */
    public Optional<String> firstMerged() {
        return firstMerged;
    }

    /** Says what was found, if anything was. */
    void tell(String key, TrainListener listener) {
        if (alike > 0) {
            listener.message(key + ": " + alike + " of " + pairs
                    + " pairs dropped, both replies are the same tokens once they are rendered and cut");
        }
        firstMerged.ifPresent(first -> listener.message(key + ": " + merged + " of " + 2 * pairs
                + " replies merge with their prompt's last tokens (" + first + "); " + PrefixProbe.MERGING));
    }

    /** @throws UserError when the model cannot tell any pair apart */
    void requireSome(String key, String file) {
        if (pairs > 0 && alike == pairs) {
            throw new UserError(key + ": of each of the " + pairs + " pairs of " + file
                    + " both replies are the same tokens once they are rendered and cut, so none is left; raise max_length,"
                    + " or take replies that the chat template writes differently.");
        }
    }

    /**
     * How many pairs are left, how many were dropped and which share of their replies merges, under {@code data/NAME/}.
     */
    Map<String, Double> figures(String name) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        String prefix = "data/" + name + "/";
        metrics.put(prefix + "pairs", (double) (pairs - alike));
        metrics.put(prefix + "alike", (double) alike);
        metrics.put(prefix + "prefix_merged_frac", pairs == 0 ? 0 : merged / (2.0 * pairs));
        return metrics;
    }
}

package dev.flipside.cli.inspect;

import dev.flipside.model.CausalLm;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.Scores;
import dev.flipside.model.TokenLogprobs;
import dev.flipside.model.TokenRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Whether a model says the same of a text whatever stands beside it in the batch: alone, among others of its kind, and
 * padded to several times its length.
 *
 * <p>Padding that leaks into a score is the commonest silent fault of reward models.
 */
final class PaddingProbe {
    /** Sums in another order move float32 results by less; a leak of padding moves them by far more. */
    static final double LIMIT = 1e-4;

    /** Two rows of this length still share a batch. */
    private static final int LONGEST = 1024;

    private PaddingProbe() {}

    /** The largest difference among rewards and values of each row. */
    static double gap(RewardModel model, List<ScoredRow> rows) {
        int context = Math.min(LONGEST, model.files().config().maxPositionEmbeddings());
        Scores together = model.score(rows);
        double gap = 0;
        for (int i = 0; i < rows.size(); i++) {
            ScoredRow row = rows.get(i);
            Scores alone = model.score(List.of(row));
            Scores padded = model.score(List.of(row, new ScoredRow(repeated(row.ids(), context), row.promptLength())));
            for (Scores other : List.of(alone, padded)) {
                gap = Math.max(gap, Math.abs(together.rewards()[i] - other.rewards()[0]));
                gap = Math.max(gap, Math.abs(together.values()[i] - other.values()[0]));
            }
        }
        return gap;
    }

    /** The largest difference among the log-probabilities of each row's completion. */
    static double gap(CausalLm model, List<TokenRow> rows) {
        int context = Math.min(LONGEST, model.files().config().maxPositionEmbeddings());
        double[][] together = model.logprobs(rows, 1).logprobs();
        double gap = 0;
        for (int i = 0; i < rows.size(); i++) {
            TokenRow row = rows.get(i);
            TokenLogprobs alone = model.logprobs(List.of(row), 1);
            TokenLogprobs padded = model.logprobs(
                    new ArrayList<>(List.of(row, new TokenRow(repeated(row.ids(), context), row.promptLength()))), 1);
            for (TokenLogprobs other : List.of(alone, padded)) {
                for (int t = 0; t < together[i].length; t++) {
                    gap = Math.max(gap, Math.abs(together[i][t] - other.logprobs()[0][t]));
                }
            }
        }
        return gap;
    }

    /** A row's ids again and again, up to four times its length, so that the row itself is mostly padding beside it. */
    private static int[] repeated(int[] ids, int longest) {
        int[] repeated = Arrays.copyOf(ids, Math.max(ids.length, Math.min(longest, 4 * ids.length)));
        for (int i = ids.length; i < repeated.length; i++) {
            repeated[i] = ids[i % ids.length];
        }
        return repeated;
    }
}

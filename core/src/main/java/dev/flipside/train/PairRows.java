package dev.flipside.train;

import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.RewardTrainingConfig.LongPairs;
import dev.flipside.config.RewardTrainingConfig.TruncationMode;
import dev.flipside.config.UserError;
import dev.flipside.data.Margin;
import dev.flipside.data.Preference;
import dev.flipside.data.PreferenceData;
import dev.flipside.engine.Seeds;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.ScoredRow;
import dev.flipside.text.Conversation;
import dev.flipside.text.Rendered;
import dev.flipside.text.Renderer;
import dev.flipside.train.RewardModelUpdate.LabelledRows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Labelled pairs as the reward model reads them: rendered, within the length limit, split into training and held out. */
final class PairRows {
    private PairRows() {}

    /** A rendered pair. */
    record Pair(LabelledRows rows, OptionalDouble margin) {
        int tokens() {
            return rows.tokens();
        }
    }

    /** Training and held-out pairs. */
    record Split(List<Pair> train, List<Pair> heldOut) {}

    static Split read(RewardTrainingConfig config, Renderer renderer, ModelFiles files, TrainListener listener) {
        RewardTrainingConfig.Data data = config.data();
        int context = files.config().maxPositionEmbeddings();
        int maxLength = Math.min(context, data.maxLength().orElse(context));
        List<Pair> pairs = render("data.preferences", data.preferences(), data, maxLength, renderer, listener);
        if (data.evalPreferences().isPresent()) {
            return new Split(
                    pairs,
                    render("data.eval_preferences", data.evalPreferences().get(), data, maxLength, renderer, listener));
        }
        int heldOut = (int) Math.round(pairs.size() * data.evalFraction());
        if (heldOut == pairs.size()) {
            throw new UserError("data.eval_fraction: " + data.evalFraction() + " of " + pairs.size()
                    + " pairs leaves none to train on; lower it.");
        }
        int[] order = new Seeds(config.run().seed()).permutation(Seeds.Stream.PAIR_ORDER, -1, pairs.size());
        boolean[] held = new boolean[pairs.size()];
        Arrays.stream(order, 0, heldOut).forEach(i -> held[i] = true);
        List<Pair> train = new ArrayList<>();
        List<Pair> evaluation = new ArrayList<>();
        for (int i = 0; i < held.length; i++) {
            (held[i] ? evaluation : train).add(pairs.get(i));
        }
        listener.message(
                "data.preferences: " + train.size() + " pairs to train on, " + evaluation.size() + " held out");
        return new Split(train, evaluation);
    }

    /** One margin per pair; all pairs of a file have one or none has. */
    static Optional<double[]> margins(List<Pair> pairs) {
        return pairs.stream().allMatch(p -> p.margin().isPresent())
                ? Optional.of(pairs.stream()
                        .mapToDouble(p -> p.margin().getAsDouble())
                        .toArray())
                : Optional.empty();
    }

    private static List<Pair> render(
            String key,
            String file,
            RewardTrainingConfig.Data data,
            int maxLength,
            Renderer renderer,
            TrainListener listener) {
        PreferenceData read = UserError.under(
                        key, () -> PreferenceData.read(Path.of(file), Margin.parse(data.marginColumn())))
                .withSystem(data.systemPrompt());
        listener.message(PairCounts.sentence(file, read));
        PrefixProbe.ofPairs(renderer, read.pairs()).warning(key).ifPresent(listener::warning);
        List<Pair> pairs = new ArrayList<>();
        int tooLong = 0;
        for (Preference preference : read.pairs()) {
            ScoredRow chosen = row(renderer, preference.prompt(), preference.chosen());
            ScoredRow rejected = row(renderer, preference.prompt(), preference.rejected());
            boolean fits = Math.max(chosen.ids().length, rejected.ids().length) <= maxLength;
            boolean room = hasRoom(chosen, maxLength, data.truncationMode())
                    && hasRoom(rejected, maxLength, data.truncationMode());
            tooLong += fits ? 0 : 1;
            if (fits || data.longPairs() == LongPairs.TRUNCATE && room) {
                pairs.add(new Pair(
                        new LabelledRows(
                                cut(chosen, maxLength, data.truncationMode()),
                                cut(rejected, maxLength, data.truncationMode())),
                        preference.margin()));
            }
        }
        if (tooLong > 0) {
            listener.message(key + ": " + tooLong + " of " + read.pairs().size()
                    + " pairs are longer than data.max_length " + maxLength + " tokens; "
                    + (data.longPairs() == LongPairs.DROP
                            ? "dropped"
                            : data.truncationMode() == TruncationMode.KEEP_START
                                    ? "cut on the right"
                                    : "cut on the left"));
        }
        if (pairs.isEmpty()) {
            throw new UserError(key + ": no pair of " + file + " fits into data.max_length " + maxLength
                    + " tokens; raise it, or set data.long_pairs: truncate.");
        }
        return pairs;
    }

    private static ScoredRow row(Renderer renderer, Conversation prompt, String reply) {
        Rendered rendered = renderer.complete(prompt, reply, true);
        return new ScoredRow(rendered.ids(), rendered.promptLength());
    }

    /** Whether a cut conversation keeps a token of its prompt, whose last one the value is read at, and one of its reply. */
    private static boolean hasRoom(ScoredRow row, int maxLength, TruncationMode mode) {
        int reply = row.ids().length - row.promptLength();
        return mode == TruncationMode.KEEP_START ? row.promptLength() < maxLength : reply < maxLength;
    }

    private static ScoredRow cut(ScoredRow row, int maxLength, TruncationMode mode) {
        int over = row.ids().length - maxLength;
        if (over <= 0) {
            return row;
        }
        return mode == TruncationMode.KEEP_START
                ? new ScoredRow(Arrays.copyOf(row.ids(), maxLength), row.promptLength())
                : new ScoredRow(Arrays.copyOfRange(row.ids(), over, row.ids().length), row.promptLength() - over);
    }
}

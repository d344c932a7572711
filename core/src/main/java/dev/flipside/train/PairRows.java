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
import dev.flipside.text.Renderer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Labelled pairs as the reward model reads them: rendered, within the length limit, split into training and held out.
 */
final class PairRows {
    private static final String TRAINED = "data.preferences";
    private static final String HELD_OUT = "data.eval_preferences";

    private PairRows() {}

    /** A rendered pair. */
    record Pair(LabelledPair rows, OptionalDouble margin) {
        int tokens() {
            return rows.tokens();
        }
    }

    /**
     * Training and held-out pairs.
     *
     * @param figures what was dropped and what merges, as metrics
     */
    record Split(List<Pair> train, List<Pair> heldOut, Map<String, Double> figures) {}

    static Split read(RewardTrainingConfig config, Renderer renderer, ModelFiles files, TrainListener listener) {
        RewardTrainingConfig.Data data = config.data();
        int maxLength = files.mostTokens(data.maxLength());
        Reader reader = new Reader(data, maxLength, renderer, listener, new LinkedHashMap<>());
        PreferenceData labelled = reader.labelled(TRAINED, data.preferences());
        Optional<PreferenceData> kept = data.evalPreferences().map(file -> reader.labelled(HELD_OUT, file));
        kept.flatMap(k -> Overlap.told(Overlap.ofPairs(HELD_OUT, k.pairs(), TRAINED, labelled.pairs())))
                .ifPresent(listener::warning);
        List<Pair> pairs = reader.pairs("preferences", data.preferences(), labelled);
        requireSeveral(data.preferences(), labelled);
        if (kept.isPresent()) {
            List<Pair> heldOut =
                    reader.pairs("eval_preferences", data.evalPreferences().get(), kept.get());
            return new Split(pairs, heldOut, reader.figures());
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
        return new Split(train, evaluation, reader.figures());
    }

    private static void requireSeveral(String file, PreferenceData read) {
        if (read.pairs().size() == 1) {
            throw new UserError(TRAINED + ": " + file + " has one usable pair in " + read.read()
                    + " row(s), which teaches nothing and leaves nothing to measure; give more, hundreds at least.");
        }
    }

    /** One margin per pair; all pairs of a file have one or none has. */
    static Optional<double[]> margins(List<Pair> pairs) {
        return pairs.stream().allMatch(p -> p.margin().isPresent())
                ? Optional.of(pairs.stream()
                        .mapToDouble(p -> p.margin().getAsDouble())
                        .toArray())
                : Optional.empty();
    }

    private record Reader(
            RewardTrainingConfig.Data data,
            int maxLength,
            Renderer renderer,
            TrainListener listener,
            Map<String, Double> figures) {

        /** @throws UserError under the {@code key} that names the file */
        PreferenceData labelled(String key, String file) {
            PreferenceData read = UserError.under(
                            key, () -> PreferenceData.read(Path.of(file), Margin.parse(data.marginColumn())))
                    .withSystem(data.systemPrompt());
            listener.message(PairCounts.sentence(file, read));
            return read;
        }

        /** @param name of the file's key in section {@code data} */
        List<Pair> pairs(String name, String file, PreferenceData read) {
            String key = "data." + name;
            PairLengthLimit limit = new PairLengthLimit(renderer, maxLength, data.longPairs(), data.truncationMode());
            PairTally tally = new PairTally(renderer);
            List<Pair> pairs = new ArrayList<>();
            for (int i = 0; i < read.pairs().size(); i++) {
                Preference preference = read.pairs().get(i);
                Optional<LabelledPair> rows = limit.rows(preference);
                if (rows.isPresent() && tally.add(i + 1, preference, rows.get())) {
                    pairs.add(new Pair(rows.get(), preference.margin()));
                }
            }
            if (limit.tooLong() > 0) {
                listener.message(
                        key + ": " + limit.tooLong() + " of " + read.pairs().size()
                                + " pairs are longer than data.max_length " + maxLength + " tokens; " + fate());
            }
            tally.tell(key, listener);
            figures.putAll(tally.figures(name));
            tally.requireSome(key, file);
            if (pairs.isEmpty()) {
                throw new UserError(key + ": no pair of " + file + " fits into data.max_length " + maxLength
                        + " tokens; raise it, or set data.long_pairs: truncate.");
            }
            return pairs;
        }

        private String fate() {
            if (data.longPairs() == LongPairs.DROP) {
                return "dropped";
            }
            return data.truncationMode() == TruncationMode.KEEP_START ? "cut on the right" : "cut on the left";
        }
    }
}

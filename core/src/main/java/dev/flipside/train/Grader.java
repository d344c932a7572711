package dev.flipside.train;

import dev.flipside.algo.Groups;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.config.UserError;
import dev.flipside.data.Preference;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.Backbone;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import dev.flipside.model.RewardReader;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.Scores;
import dev.flipside.text.Conversation;
import dev.flipside.text.Rendered;
import dev.flipside.text.Renderer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The reward model with the renderer that turns conversations into its token ids. */
final class Grader implements AutoCloseable {
    private final RewardReader reader;
    private final int maxLength;
    private final Ranks ranks;
    private long gradedRows;
    private long gradings;

    private Grader(RewardReader reader, int maxLength, Ranks ranks) {
        this.reader = reader;
        this.maxLength = maxLength;
        this.ranks = ranks;
    }

    /**
     * @param weights the configured model, or what a run made of it
     * @param seeds of a new adapter, where the configuration asks for one and {@code weights} is not one that the run
     *     has already trained
     * @param shared frozen weights that an adapter on the same base takes instead of reading its own; closed after this
     * @param ranks each of which scores its part of the groups
     */
    static Grader load(
            Path weights,
            RewardModelConfig config,
            Seeds seeds,
            Device device,
            Precision precision,
            Optional<Backbone> shared,
            Ranks ranks) {
        RewardModel model = weights.equals(Path.of(config.model().orElseThrow()))
                ? ConfiguredModels.rewardModel(config, seeds, device, precision, shared)
                : RewardModel.load(weights, device, precision, shared);
        RewardReader reader;
        try {
            Path directory = Path.of(config.model().orElseThrow());
            Renderers.toSave(directory, config.template()).ifPresent(model::setChatTemplate);
            reader = new RewardReader(model, Renderers.load(directory, config.template(), model.files()));
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
        return new Grader(reader, model.files().mostTokens(config.maxLength()), ranks);
    }

    RewardModel model() {
        return reader.model();
    }

    Ranks ranks() {
        return ranks;
    }

    Renderer renderer() {
        return reader.renderer();
    }

    /** The same renderer before another model, for a frozen copy. */
    Grader with(RewardModel other) {
        return new Grader(reader.with(other), maxLength, ranks);
    }

    /** Every completion as the reward model reads it, group after group. */
    Reading read(RolloutBatch batch) {
        List<ScoredRow> rows = new ArrayList<>();
        boolean[][] finished = batch.finished();
        long truncated = 0;
        long merged = 0;
        for (int p = 0; p < batch.size(); p++) {
            for (int i = 0; i < batch.groupSize(); i++) {
                Rendered whole = reader.read(
                        batch.prompts().get(p).prompt(), batch.texts().get(p).get(i), finished[p][i]);
                ScoredRow row = ScoredRow.of(whole);
                truncated += row.longest() > maxLength ? 1 : 0;
                merged += whole.merges() ? 1 : 0;
                rows.add(fitting(row, batch.prompts().get(p).prompt()));
            }
        }
        return new Reading(rows, rows.size(), truncated, merged);
    }

    /** A labelled answer as the reward model reads it. */
    ScoredRow chosen(Preference pair) {
        return row(pair.prompt(), pair.chosen(), true);
    }

    /** The other answer of a labelled pair. */
    ScoredRow rejected(Preference pair) {
        return row(pair.prompt(), pair.rejected(), true);
    }

    /**
     * Whether a finished reply ends in the padding token that its directory names: its reward is then read before its
     * last token, as transformers does.
     */
    boolean readsBeforeTheEnd(Conversation prompt) {
        // An empty one: no word is in every vocabulary.
        return model().rowsEndingInPadding(List.of(row(prompt, "", true))) > 0;
    }

    private ScoredRow row(Conversation prompt, String reply, boolean finished) {
        return fitting(ScoredRow.of(reader.read(prompt, reply, finished)), prompt);
    }

    private ScoredRow fitting(ScoredRow row, Conversation prompt) {
        if (row.longest() <= maxLength) {
            return row;
        }
        if (row.promptTokens() >= maxLength) {
            throw new UserError("reward_model.max_length: a prompt of " + row.promptTokens()
                    + " tokens leaves no room for an answer within " + maxLength
                    + "; raise it, or drop that prompt (it begins \"" + beginning(prompt) + "\").");
        }
        return row.upTo(maxLength);
    }

    private static String beginning(Conversation prompt) {
        String text = prompt.messages().get(0).content();
        return text.substring(0, Math.min(60, text.length())).replace('\n', ' ');
    }

    /** Grades groups of one size, which stand one after the other. */
    Grades grade(List<ScoredRow> rows, int groupSize) {
        gradedRows += rows.size();
        gradings++;
        Scores scores = ranks.score(model(), rows, groupSize);
        NonFiniteException.requireFinite("reward model", scores.rewards(), model().trunk());
        NonFiniteException.requireFinite("value head", scores.values(), model().valueHead());
        double[][] rewards = Groups.rows(scores.rewards(), groupSize);
        double[] values = new double[rewards.length];
        for (int p = 0; p < values.length; p++) {
            values[p] = scores.values()[p * groupSize];
        }
        return new Grades(rewards, values);
    }

    /**
     * Grades several samples of the same group size in one pass, so that a prompt that they share is computed once.
     *
     * @return one of each, in their order
     */
    List<Grades> grade(List<Samples> all) {
        List<ScoredRow> rows =
                all.stream().flatMap(s -> s.reading().rows().stream()).toList();
        Grades grades = grade(rows, all.get(0).batch().groupSize());
        List<Grades> each = new ArrayList<>();
        int from = 0;
        for (Samples samples : all) {
            each.add(grades.part(from, samples.batch().size()));
            from += samples.batch().size();
        }
        return each;
    }

    /** How many passes that was. */
    long gradings() {
        return gradings;
    }

    /** How many rows this has graded, so that a test can tell what is computed twice. */
    long gradedRows() {
        return gradedRows;
    }

    @Override
    public void close() {
        reader.close();
    }
}

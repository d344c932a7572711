package dev.flipside.model;

import dev.flipside.text.Conversation;
import dev.flipside.text.Rendered;
import dev.flipside.text.Renderer;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * A reward model with the renderer that makes its token ids. Training, benchmarks and the comparison of policies all
 * read answers here, so an answer is the same tokens to a model wherever it is scored. What becomes of an answer that
 * does not fit is for each of them to say.
 */
public final class RewardReader implements AutoCloseable {
    private final RewardModel model;
    private final Renderer renderer;

    /** Both are closed with this. */
    public RewardReader(RewardModel model, Renderer renderer) {
        this.model = model;
        this.renderer = renderer;
    }

    public RewardModel model() {
        return model;
    }

    public Renderer renderer() {
        return renderer;
    }

    /** The same renderer before another model. */
    public RewardReader with(RewardModel other) {
        return new RewardReader(other, renderer);
    }

    /** The most tokens of a conversation. */
    public int positions() {
        return model.files().config().maxPositionEmbeddings();
    }

    /**
     * A prompt and its answer as the model reads them.
     *
     * @param finished whether the answer has ended: a truncated one has no end-of-turn token, and is scored without one
     * @throws dev.flipside.config.UserError when the chat template refuses them
     */
    public Rendered read(Conversation prompt, String answer, boolean finished) {
        return renderer.complete(prompt, answer, finished);
    }

    /** Rewards and values, every row computed by itself. */
    public Scores score(List<ScoredRow> rows) {
        return model.score(rows);
    }

    /** One reward per row, equal ones for equal rows; by one call of the model. */
    public double[] rewards(List<ScoredRow> rows) {
        return rewards(rows, Integer.MAX_VALUE, done -> {});
    }

    /**
     * One reward per row, equal ones for equal rows.
     *
     * @param atOnce different rows of one call of the model
     * @param rowsDone is told how many rows are done after every call
     */
    public double[] rewards(List<ScoredRow> rows, int atOnce, LongConsumer rowsDone) {
        DistinctRows distinct = DistinctRows.of(rows);
        List<ScoredRow> different = distinct.rows();
        double[] rewards = new double[different.size()];
        int to;
        for (int from = 0; from < rewards.length; from = to) {
            to = (int) Math.min(rewards.length, (long) from + atOnce);
            double[] some = model.score(different.subList(from, to)).rewards();
            System.arraycopy(some, 0, rewards, from, some.length);
            rowsDone.accept((long) to * rows.size() / rewards.length);
        }
        return distinct.spread(rewards);
    }

    @Override
    public void close() {
        model.close();
        renderer.close();
    }
}

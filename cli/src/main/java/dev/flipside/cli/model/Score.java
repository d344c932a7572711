package dev.flipside.cli.model;

import dev.flipside.cli.rows.RowCommand;
import dev.flipside.cli.rows.RowTask;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import picocli.CommandLine.Command;

/** {@code flipside score}: what a reward model says of texts and conversations. */
@Command(
        name = "score",
        description = {
            "Scores rows with a reward model.",
            "A row is {\"id\", \"text\"} (already rendered), {\"id\", \"messages\"} or {\"id\", \"prompt\", \"completion\"} (a user and an assistant message, or lists of messages);",
            "a result is {\"id\", \"score\", \"value\"}. The whole conversation is encoded at once, so that it has the score of its rendered text. The value is null without a value head, and for a text, which does not say where its prompt ends."
        })
public final class Score extends RowCommand<RewardModel, ScoredRow> {
    @Override
    public RowTask<RewardModel, ScoredRow> task() {
        return new ScoreTask();
    }
}

package dev.flipside.cli.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.rows.InputRow;
import dev.flipside.cli.rows.ModelRow;
import dev.flipside.cli.rows.RowCommand;
import dev.flipside.cli.rows.RowWork;
import dev.flipside.engine.Device;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.Scores;
import dev.flipside.text.Renderer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
    protected RewardModel load(Path directory, Device device, Precision precision) {
        return RewardModel.constant(directory, device, precision);
    }

    @Override
    protected ModelFiles filesOf(RewardModel model) {
        return model.files();
    }

    @Override
    protected ScoredRow read(InputRow row, Renderer renderer) {
        if (row.has("text")) {
            return new ScoredRow(renderer.text(row.text("text")), 0);
        }
        return ScoredRow.of(
                row.has("messages")
                        ? renderer.conversation(row.messages())
                        : renderer.complete(row.prompt(), row.completion(), true));
    }

    @Override
    protected int tokens(ScoredRow read) {
        return read.longest();
    }

    @Override
    protected RowWork<ScoredRow> work(
            Console console, RewardModel model, Renderer renderer, List<ModelRow<ScoredRow>> rows) {
        int padding =
                model.rowsEndingInPadding(rows.stream().map(ModelRow::read).toList());
        if (padding > 0) {
            console.warn(
                    padding
                            + " row(s) end in the model's padding token, so that their reward is read before it, as transformers does.");
        }
        return some -> score(model, some);
    }

    private static List<ObjectNode> score(RewardModel model, List<ModelRow<ScoredRow>> rows) {
        Scores scores = model.score(rows.stream().map(ModelRow::read).toList());
        List<ObjectNode> results = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            InputRow row = rows.get(i).input();
            row.requireFinite("score", scores.rewards()[i]);
            ObjectNode result = row.result().put("score", scores.rewards()[i]);
            if (model.hasValueHead() && rows.get(i).read().promptLength() > 0) {
                row.requireFinite("value", scores.values()[i]);
                result.put("value", scores.values()[i]);
            } else {
                result.putNull("value");
            }
            results.add(result);
        }
        return results;
    }
}

package dev.flipside.cli.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.rows.InputRow;
import dev.flipside.cli.rows.ModelRow;
import dev.flipside.cli.rows.RowRemark;
import dev.flipside.cli.rows.RowTask;
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

/** The reward and the value of every row. */
final class ScoreTask implements RowTask<RewardModel, ScoredRow> {
    @Override
    public RewardModel load(Path directory, Device device, Precision precision) {
        return RewardModel.constant(directory, device, precision);
    }

    @Override
    public ModelFiles filesOf(RewardModel model) {
        return model.files();
    }

    @Override
    public ScoredRow read(InputRow row, Renderer renderer) {
        if (row.has("text")) {
            return new ScoredRow(renderer.text(row.text("text")), 0);
        }
        return ScoredRow.of(
                row.has("messages")
                        ? renderer.conversation(row.messages())
                        : renderer.complete(row.prompt(), row.completion(), true));
    }

    @Override
    public int tokens(ScoredRow read) {
        return read.longest();
    }

    @Override
    public List<RowRemark> remarks(RewardModel model, Renderer renderer, List<ModelRow<ScoredRow>> rows) {
        int padding =
                model.rowsEndingInPadding(rows.stream().map(ModelRow::read).toList());
        return padding == 0
                ? List.of()
                : List.of(
                        new RowRemark(
                                padding,
                                "end in the model's padding token, so that their reward is read before it, as transformers does."));
    }

    @Override
    public RowWork<ScoredRow> work(RewardModel model, Renderer renderer) {
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

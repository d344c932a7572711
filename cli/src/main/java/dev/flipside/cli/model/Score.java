package dev.flipside.cli.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.FileOptions;
import dev.flipside.cli.console.FlipsideCommand;
import dev.flipside.cli.console.InputRow;
import dev.flipside.cli.console.RowResults;
import dev.flipside.cli.console.TemplateFlags;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.engine.Device;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.Scores;
import dev.flipside.text.Renderer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;

/** {@code flipside score}: what a reward model says of texts and conversations. */
@Command(
        name = "score",
        description = {
            "Scores rows with a reward model.",
            "A row is {\"id\", \"text\"} (already rendered), {\"id\", \"messages\"} or {\"id\", \"prompt\", \"completion\"} (a user and an assistant message, or lists of messages);",
            "a result is {\"id\", \"score\", \"value\"}. The whole conversation is encoded at once, so that it has the score of its rendered text. The value is null without a value head, and for a text, which does not say where its prompt ends."
        })
public final class Score extends FlipsideCommand {
    private static final int CHUNK = 128;

    @Mixin
    private TemplateFlags template;

    @Mixin
    private FileOptions files;

    private record Scorable(InputRow row, ScoredRow scored) {}

    @Override
    protected int run(Console console) {
        ChatTemplateConfig rendering = template.config();
        String output = files.output();
        List<InputRow> rows = files.rows(streams().in());
        Path directory = inputs(console).model("--model", files.model());
        loadLibraries(console, directory);
        try (RewardModel model = RewardModel.load(directory, Device.parse(common().device()))) {
            Renderer renderer = renderer(console, model.files(), rendering);
            List<Scorable> scorable = new ArrayList<>();
            for (InputRow row : rows) {
                ScoredRow scored = row.locate(() -> render(row, renderer));
                row.requireWithin(model.decoder().config().maxPositionEmbeddings(), scored.longest());
                scorable.add(new Scorable(row, scored));
            }
            int padding = model.rowsEndingInPadding(
                    scorable.stream().map(Scorable::scored).toList());
            if (padding > 0) {
                console.warn(
                        padding
                                + " row(s) end in the model's padding token, so that their reward is read before it, as transformers does.");
            }
            new RowResults(console, output, streams().out())
                    .write("score", scorable, CHUNK, chunk -> score(model, chunk));
        }
        return ExitCode.OK;
    }

    private static ScoredRow render(InputRow row, Renderer renderer) {
        if (row.has("text")) {
            return new ScoredRow(renderer.text(row.text("text")), 0);
        }
        return ScoredRow.of(
                row.has("messages")
                        ? renderer.conversation(row.messages())
                        : renderer.complete(row.prompt(), row.completion(), true));
    }

    private static List<ObjectNode> score(RewardModel model, List<Scorable> chunk) {
        Scores scores = model.score(chunk.stream().map(Scorable::scored).toList());
        List<ObjectNode> results = new ArrayList<>();
        for (int i = 0; i < chunk.size(); i++) {
            InputRow row = chunk.get(i).row();
            RowResults.requireFinite(row.where(), "score", scores.rewards()[i]);
            ObjectNode result = RowResults.resultOf(row).put("score", scores.rewards()[i]);
            if (model.hasValueHead() && chunk.get(i).scored().promptLength() > 0) {
                RowResults.requireFinite(row.where(), "value", scores.values()[i]);
                result.put("value", scores.values()[i]);
            } else {
                result.putNull("value");
            }
            results.add(result);
        }
        return results;
    }
}

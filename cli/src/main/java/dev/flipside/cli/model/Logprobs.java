package dev.flipside.cli.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.FileOptions;
import dev.flipside.cli.console.FlipsideCommand;
import dev.flipside.cli.console.InputRow;
import dev.flipside.cli.console.RowResults;
import dev.flipside.cli.console.TemplateFlags;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.engine.Device;
import dev.flipside.model.CausalLm;
import dev.flipside.model.TokenRow;
import dev.flipside.text.Continued;
import dev.flipside.text.Renderer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;

/** {@code flipside logprobs}: how likely a model finds completions, token by token. */
@Command(
        name = "logprobs",
        description = {
            "Writes the log-probability of every token of a completion.",
            "A row is {\"id\", \"prompt\", \"completion\"} (raw text, no template) or {\"id\", \"messages\"} (the completion is the last assistant turn);",
            "a result is {\"id\", \"token_ids\", \"logprobs\"}, natural logarithms at temperature 1."
        })
public final class Logprobs extends FlipsideCommand {
    private static final int CHUNK = 128;
    private static final double TEMPERATURE = 1;

    @Mixin
    private TemplateFlags template;

    @Mixin
    private FileOptions files;

    private record Candidate(InputRow row, TokenRow tokens) {}

    @Override
    protected int run(Console console) {
        ChatTemplateConfig rendering = template.config();
        String output = files.output();
        List<InputRow> rows = files.rows(streams().in());
        Path directory = inputs(console).model("--model", files.model());
        loadLibraries(console, directory);
        try (CausalLm model = CausalLm.load(directory, Device.parse(common().device()))) {
            Renderer renderer = renderer(console, model.files(), rendering);
            List<Candidate> candidates = new ArrayList<>();
            int rejoined = 0;
            for (InputRow row : rows) {
                Continued text = row.locate(() -> render(row, renderer));
                row.requireWithin(model.decoder().config().maxPositionEmbeddings(), text.ids().length);
                candidates.add(new Candidate(row, new TokenRow(text.ids(), text.promptLength())));
                rejoined += text.joined() ? 1 : 0;
            }
            if (rejoined > 0) {
                console.warn(
                        rejoined
                                + " row(s) would be tokenised across the border of prompt and completion; their prompts keep their own tokens.");
            }
            new RowResults(console, output, streams().out())
                    .write("logprobs", candidates, CHUNK, chunk -> logprobs(model, chunk));
        }
        return ExitCode.OK;
    }

    private static Continued render(InputRow row, Renderer renderer) {
        return row.has("messages")
                ? renderer.turn(row.messages())
                : renderer.continuation(row.text("prompt"), row.text("completion"));
    }

    private static List<ObjectNode> logprobs(CausalLm model, List<Candidate> chunk) {
        double[][] logprobs = model.logprobs(
                        chunk.stream().map(Candidate::tokens).toList(), TEMPERATURE)
                .logprobs();
        List<ObjectNode> results = new ArrayList<>();
        for (int i = 0; i < chunk.size(); i++) {
            TokenRow tokens = chunk.get(i).tokens();
            ObjectNode result = RowResults.resultOf(chunk.get(i).row());
            ArrayNode ids = result.putArray("token_ids");
            for (int at = tokens.promptLength(); at < tokens.ids().length; at++) {
                ids.add(tokens.ids()[at]);
            }
            ArrayNode values = result.putArray("logprobs");
            for (double value : logprobs[i]) {
                RowResults.requireFinite(chunk.get(i).row().where(), "log-probability", value);
                values.add(value);
            }
            results.add(result);
        }
        return results;
    }
}

package dev.flipside.cli.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.FileOptions;
import dev.flipside.cli.console.FlipsideCommand;
import dev.flipside.cli.console.InputRow;
import dev.flipside.cli.console.RowResults;
import dev.flipside.cli.console.SamplingFlags;
import dev.flipside.cli.console.TemplateFlags;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.Spelling;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.rollout.Completion;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.Group;
import dev.flipside.rollout.NonFiniteLogits;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.text.Renderer;
import dev.flipside.train.EndOfTurn;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code flipside generate}: completions of prompts. */
@Command(
        name = "generate",
        description = {
            "Samples completions.",
            "A row is {\"id\", \"prompt\"} (raw text, no template) or {\"id\", \"messages\"};",
            "a result is {\"id\", \"completion\", \"token_ids\", \"finish_reason\"}, with the reason stop or length. A row with several completions has as many results."
        })
public final class Generate extends FlipsideCommand {
    /** Completions decoded at a time: a larger batch is little faster on a CPU and holds a larger cache. */
    private static final int ROWS_AT_A_TIME = 32;

    private static final int CHUNK = 128;

    @Spec
    private CommandSpec spec;

    @Mixin
    private TemplateFlags template;

    @Mixin
    private FileOptions files;

    @Mixin
    private SamplingFlags sampling;

    @Option(
            names = "--num-generations",
            paramLabel = "N",
            defaultValue = "1",
            description = "Completions of each prompt (default: ${DEFAULT-VALUE}).")
    private int numGenerations;

    private record Prompt(InputRow row, int place, int[] ids) {}

    @Override
    protected int run(Console console) {
        ChatTemplateConfig rendering = template.config();
        SamplingOptions options = sampling.options();
        if (numGenerations < 1 || (sampling.greedy() && numGenerations > 1)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--num-generations is " + numGenerations
                            + ", it must be at least 1, and 1 with --greedy, whose completions are all the same");
        }
        String output = files.output();
        List<InputRow> rows = files.rows(streams().in());
        Path directory = inputs(console).model("--model", files.model());
        loadLibraries(console, directory);
        try (CausalLm model = CausalLm.load(directory, Device.parse(common().device()))) {
            Renderer renderer = renderer(console, model.files(), rendering);
            List<Prompt> prompts = new ArrayList<>();
            for (InputRow row : rows) {
                int[] ids = row.locate(() -> row.has("messages")
                        ? renderer.prompt(row.messages())
                        : renderer.continuation(row.text("prompt"), "").ids());
                // One token of room at least.
                row.requireWithin(model.decoder().config().maxPositionEmbeddings() - 1, ids.length);
                prompts.add(new Prompt(row, prompts.size(), ids));
            }
            rows.stream()
                    .filter(row -> row.has("messages"))
                    .findFirst()
                    .flatMap(row -> EndOfTurn.warning(renderer, model.files(), row.messages()))
                    .ifPresent(console::warn);
            try (Generator generator = new Generator(
                    model,
                    new Generator.Settings(
                            ROWS_AT_A_TIME, List.of(), ids -> renderer.completionText(new int[0], ids)))) {
                int chunk = Math.max(1, CHUNK / numGenerations);
                new RowResults(console, output, streams().out())
                        .write("generate", prompts, chunk, some -> generate(generator, options, renderer, some));
            }
        }
        return ExitCode.OK;
    }

    private List<ObjectNode> generate(
            Generator generator, SamplingOptions options, Renderer renderer, List<Prompt> prompts) {
        Seeds seeds = new Seeds(sampling.seed());
        List<Group> groups;
        try {
            groups = complete(generator, options, seeds, prompts);
        } catch (NonFiniteLogits e) {
            throw new UserError(prompts.get(e.place()).row().where() + ": " + e.getMessage(), e);
        }
        List<ObjectNode> results = new ArrayList<>();
        for (int i = 0; i < groups.size(); i++) {
            for (Completion completion : groups.get(i).completions()) {
                results.add(result(prompts.get(i), completion, renderer));
            }
        }
        return results;
    }

    private List<Group> complete(Generator generator, SamplingOptions options, Seeds seeds, List<Prompt> prompts) {
        return generator.generate(
                prompts.stream().map(Prompt::ids).toList(),
                numGenerations,
                options,
                (prompt, sample) ->
                        seeds.key(Seeds.Stream.GENERATE, 0, prompts.get(prompt).place(), sample));
    }

    private static ObjectNode result(Prompt prompt, Completion completion, Renderer renderer) {
        ObjectNode result = RowResults.resultOf(prompt.row());
        result.put("completion", renderer.completionText(prompt.ids(), completion.ids()));
        ArrayNode ids = result.putArray("token_ids");
        for (int id : completion.ids()) {
            ids.add(id);
        }
        return result.put("finish_reason", Spelling.of(completion.finishReason()));
    }
}

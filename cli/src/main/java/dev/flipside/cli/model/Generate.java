package dev.flipside.cli.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.command.SamplingFlags;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.rows.InputRow;
import dev.flipside.cli.rows.ModelRow;
import dev.flipside.cli.rows.RowCommand;
import dev.flipside.cli.rows.RowWork;
import dev.flipside.config.Spelling;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.Precision;
import dev.flipside.rollout.Completion;
import dev.flipside.rollout.GenerationSettings;
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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flipside generate}: completions of prompts. */
@Command(
        name = "generate",
        description = {
            "Samples completions.",
            "A row is {\"id\", \"prompt\"} (raw text, no template) or {\"id\", \"messages\"};",
            "a result is {\"id\", \"completion\", \"token_ids\", \"finish_reason\"}, with the reason stop or length. A row with several completions has as many results."
        })
public final class Generate extends RowCommand<CausalLm, int[]> {
    /** Completions decoded at a time: a larger batch is little faster on a CPU and holds a larger cache. */
    private static final int DECODED_AT_A_TIME = 32;

    @Mixin
    private SamplingFlags sampling;

    @Option(
            names = "--num-generations",
            paramLabel = "N",
            defaultValue = "1",
            description = "Completions of each prompt (default: ${DEFAULT-VALUE}).")
    private int numGenerations;

    private SamplingOptions options;

    @Override
    protected void requireOptions() {
        options = sampling.options();
        if (numGenerations < 1 || (sampling.greedy() && numGenerations > 1)) {
            throw wrongOptions("--num-generations is " + numGenerations
                    + ", it must be at least 1, and 1 with --greedy, whose completions are all the same");
        }
    }

    @Override
    protected CausalLm load(Path directory, Device device, Precision precision) {
        return CausalLm.constant(directory, device, precision);
    }

    @Override
    protected ModelFiles filesOf(CausalLm model) {
        return model.files();
    }

    /** A prompt's token ids. */
    @Override
    protected int[] read(InputRow row, Renderer renderer) {
        return row.has("messages")
                ? renderer.prompt(row.messages())
                : renderer.continuation(row.text("prompt"), "").ids();
    }

    @Override
    protected int tokens(int[] read) {
        return read.length;
    }

    /** One token of room at least. */
    @Override
    protected int mostTokens(int context) {
        return context - 1;
    }

    @Override
    protected int rowsAtATime() {
        return Math.max(1, super.rowsAtATime() / numGenerations);
    }

    @Override
    protected RowWork<int[]> work(Console console, CausalLm model, Renderer renderer, List<ModelRow<int[]>> rows) {
        rows.stream()
                .map(ModelRow::input)
                .filter(row -> row.has("messages"))
                .findFirst()
                .flatMap(row -> EndOfTurn.warning(renderer, model.files(), row.messages()))
                .ifPresent(console::warn);
        Generator generator = new Generator(
                model,
                new GenerationSettings(DECODED_AT_A_TIME, List.of(), ids -> renderer.completionText(new int[0], ids)));
        return new RowWork<>() {
            @Override
            public List<ObjectNode> results(List<ModelRow<int[]>> some) {
                return generate(generator, renderer, some);
            }

            @Override
            public void close() {
                generator.close();
            }
        };
    }

    private List<ObjectNode> generate(Generator generator, Renderer renderer, List<ModelRow<int[]>> prompts) {
        Seeds seeds = new Seeds(sampling.seed());
        List<Group> groups;
        try {
            groups = generator.generate(
                    prompts.stream().map(ModelRow::read).toList(),
                    numGenerations,
                    options,
                    (prompt, sample) -> seeds.key(
                            Seeds.Stream.GENERATE, 0, prompts.get(prompt).place(), sample));
        } catch (NonFiniteLogits e) {
            throw new UserError(prompts.get(e.place()).input().where() + ": " + e.getMessage(), e);
        }
        List<ObjectNode> results = new ArrayList<>();
        for (int i = 0; i < groups.size(); i++) {
            for (Completion completion : groups.get(i).completions()) {
                results.add(result(prompts.get(i), completion, renderer));
            }
        }
        return results;
    }

    private static ObjectNode result(ModelRow<int[]> prompt, Completion completion, Renderer renderer) {
        ObjectNode result = prompt.input().result();
        result.put("completion", renderer.completionText(prompt.read(), completion.ids()));
        ArrayNode ids = result.putArray("token_ids");
        for (int id : completion.ids()) {
            ids.add(id);
        }
        return result.put("finish_reason", Spelling.of(completion.finishReason()));
    }
}

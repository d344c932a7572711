package dev.flipside.cli.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.rows.InputRow;
import dev.flipside.cli.rows.ModelRow;
import dev.flipside.cli.rows.RowRemark;
import dev.flipside.cli.rows.RowTask;
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

/**
 * Completions of every row's prompt. Random numbers derive from the seed and the row's place among all rows.
 *
 * @param options how tokens are drawn
 * @param numGenerations completions of each prompt
 */
record GenerateTask(SamplingOptions options, int numGenerations, long seed) implements RowTask<CausalLm, int[]> {
    /** Completions decoded at a time: a larger batch is little faster on a CPU and holds a larger cache. */
    private static final int DECODED_AT_A_TIME = 32;

    @Override
    public CausalLm load(Path directory, Device device, Precision precision) {
        return CausalLm.constant(directory, device, precision);
    }

    @Override
    public ModelFiles filesOf(CausalLm model) {
        return model.files();
    }

    /** A prompt's token ids. */
    @Override
    public int[] read(InputRow row, Renderer renderer) {
        return row.has("messages")
                ? renderer.prompt(row.messages())
                : renderer.continuation(row.text("prompt"), "").ids();
    }

    @Override
    public int tokens(int[] read) {
        return read.length;
    }

    /** One token of room at least. */
    @Override
    public int mostTokens(int context) {
        return context - 1;
    }

    @Override
    public int rowsAtATime() {
        return Math.max(1, RowTask.super.rowsAtATime() / numGenerations);
    }

    @Override
    public List<RowRemark> remarks(CausalLm model, Renderer renderer, List<ModelRow<int[]>> rows) {
        return rows.stream()
                .map(ModelRow::input)
                .filter(row -> row.has("messages"))
                .findFirst()
                .flatMap(row -> EndOfTurn.warning(renderer, model.files(), row.messages()))
                .map(warning -> new RowRemark(0, warning))
                .stream()
                .toList();
    }

    @Override
    public RowWork<int[]> work(CausalLm model, Renderer renderer) {
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
        Seeds seeds = new Seeds(seed);
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

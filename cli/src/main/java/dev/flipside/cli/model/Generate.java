package dev.flipside.cli.model;

import dev.flipside.cli.command.SamplingFlags;
import dev.flipside.cli.rows.RowCommand;
import dev.flipside.cli.rows.RowTask;
import dev.flipside.model.CausalLm;
import dev.flipside.rollout.SamplingOptions;
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
    @Mixin
    private SamplingFlags sampling;

    @Option(
            names = "--num-generations",
            paramLabel = "N",
            defaultValue = "1",
            description = "Completions of each prompt (default: ${DEFAULT-VALUE}).")
    private int numGenerations;

    @Override
    public RowTask<CausalLm, int[]> task() {
        SamplingOptions options = sampling.options();
        if (numGenerations < 1 || (sampling.greedy() && numGenerations > 1)) {
            throw wrongOptions("--num-generations is " + numGenerations
                    + ", it must be at least 1, and 1 with --greedy, whose completions are all the same");
        }
        return new GenerateTask(options, numGenerations, sampling.seed());
    }
}

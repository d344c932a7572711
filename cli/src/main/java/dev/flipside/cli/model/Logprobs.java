package dev.flipside.cli.model;

import dev.flipside.cli.rows.RowCommand;
import dev.flipside.cli.rows.RowTask;
import dev.flipside.model.CausalLm;
import dev.flipside.text.Continued;
import picocli.CommandLine.Command;

/** {@code flipside logprobs}: how likely a model finds completions, token by token. */
@Command(
        name = "logprobs",
        description = {
            "Writes the log-probability of every token of a completion.",
            "A row is {\"id\", \"prompt\", \"completion\"} (raw text, no template) or {\"id\", \"messages\"} (the completion is the last assistant turn);",
            "a result is {\"id\", \"token_ids\", \"logprobs\"}, natural logarithms at temperature 1."
        })
public final class Logprobs extends RowCommand<CausalLm, Continued> {
    @Override
    public RowTask<CausalLm, Continued> task() {
        return new LogprobsTask();
    }
}

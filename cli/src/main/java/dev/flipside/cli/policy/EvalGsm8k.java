package dev.flipside.cli.policy;

import dev.flipside.data.Row;
import dev.flipside.eval.policy.Gsm8k;
import dev.flipside.eval.policy.VerifiableItem;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code flipside eval-policy gsm8k}. */
@Command(
        name = "gsm8k",
        description = {
            "GSM8K: the number after ####, and the last number of the answer.",
            "A row of --input is {\"question\", \"answer\"}, as published; an id is the row's \"id\" or its number from 1."
        })
public final class EvalGsm8k extends VerifiableTask {
    @Mixin
    private QuestionTemplate template;

    EvalGsm8k() {
        super("gsm8k");
    }

    @Override
    List<VerifiableItem> items(List<Row> rows) {
        return Gsm8k.items(rows, template.or(Gsm8k.TEMPLATE));
    }
}

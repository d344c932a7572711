package dev.flipside.cli.policy;

import dev.flipside.data.Row;
import dev.flipside.eval.policy.IfEval;
import dev.flipside.eval.policy.VerifiableItem;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code flipside eval-policy ifeval}. */
@Command(
        name = "ifeval",
        description = {
            "IFEval: 25 kinds of instructions that a program can check, by prompt and by instruction, strictly and loosely.",
            "A row of --input is {\"key\", \"prompt\", \"instruction_id_list\", \"kwargs\"}, as published; an answer's id is the key."
        })
public final class EvalIfEval extends VerifiableTask {
    EvalIfEval() {
        super("ifeval");
    }

    @Override
    List<VerifiableItem> items(List<Row> rows) {
        return IfEval.items(rows);
    }
}

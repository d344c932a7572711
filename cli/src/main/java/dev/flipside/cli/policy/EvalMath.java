package dev.flipside.cli.policy;

import dev.flipside.data.Row;
import dev.flipside.eval.policy.MathProblems;
import dev.flipside.eval.policy.VerifiableItem;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code flipside eval-policy math}. */
@Command(
        name = "math",
        description = {
            "MATH and MATH-500: the last \\boxed answer, by the published rule and by value.",
            "A row of --input is {\"problem\", \"answer\"} or {\"problem\", \"solution\"}, as published; an id is \"unique_id\", \"id\" or the row's number from 1."
        })
public final class EvalMath extends VerifiableTask {
    @Mixin
    private QuestionTemplate template;

    EvalMath() {
        super("math");
    }

    @Override
    List<VerifiableItem> items(List<Row> rows) {
        return MathProblems.items(rows, template.or(MathProblems.TEMPLATE));
    }
}

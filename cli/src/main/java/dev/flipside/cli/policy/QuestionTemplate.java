package dev.flipside.cli.policy;

import dev.flipside.eval.policy.PromptTemplate;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How a task's questions are asked. */
final class QuestionTemplate {
    @Option(
            names = "--prompt-template",
            paramLabel = "TEXT",
            description =
                    "The user's message, with {question} where the question belongs; docs/policy-benchmarks.md shows the default.")
    private Optional<String> template = Optional.empty();

    PromptTemplate or(PromptTemplate own) {
        return template.map(PromptTemplate::new).orElse(own);
    }
}

package dev.flipside.cli;

import dev.flipside.eval.policy.PolicyAnswer;
import dev.flipside.eval.policy.PolicyPrompt;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A benchmark of policies: its prompts are answered by a model, or the answers are read. */
abstract class PolicyTask extends FlipsideCommand {
    @Spec
    private CommandSpec spec;

    @Mixin
    private AnswerOptions options;

    @Mixin
    private SamplingFlags sampling;

    AnswerOptions options() {
        return options;
    }

    /**
     * One answer per prompt, in order.
     *
     * @throws dev.flipside.config.UserError when the model cannot answer them or the file lacks some
     */
    final List<PolicyAnswer> answers(Console console, List<PolicyPrompt> prompts) {
        if (options.answers().isPresent()) {
            if (sampling.given()) {
                throw new ParameterException(
                        spec.commandLine(),
                        "--answers are there already, so --greedy, --max-completion-length, --temperature, --top-p, --top-k and --seed have no effect; leave them out");
            }
            return AnswersMadeElsewhere.read(options.answers().get(), prompts);
        }
        PolicyAnswers made = new PolicyAnswers(
                options.model().orElseThrow(),
                options.out(),
                sampling.evaluationOptions(),
                sampling.seed(),
                common().device());
        return made.of(prompts, console);
    }
}

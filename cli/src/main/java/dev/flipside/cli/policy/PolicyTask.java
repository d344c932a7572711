package dev.flipside.cli.policy;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.SamplingFlags;
import dev.flipside.cli.command.TemplateFlags;
import dev.flipside.cli.console.Console;
import dev.flipside.eval.policy.PolicyAnswer;
import dev.flipside.eval.policy.PolicyAnswers;
import dev.flipside.eval.policy.PolicyPrompt;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Mixin;

/** A benchmark of policies: its prompts are answered by a model, or the answers are read. */
public abstract class PolicyTask extends FlipsideCommand {
    @Mixin
    private AnswerOptions options;

    @Mixin
    private SamplingFlags sampling;

    @Mixin
    private TemplateFlags template;

    protected AnswerOptions options() {
        return options;
    }

    /** Reads the answers to prompts from a file. */
    protected interface AnswerReader {
        List<PolicyAnswer> read(Path file, List<PolicyPrompt> prompts);
    }

    /**
     * One answer per prompt, in order.
     *
     * @throws dev.flipside.config.UserError when the model cannot answer them or the file lacks some
     */
    protected final List<PolicyAnswer> answers(Console console, List<PolicyPrompt> prompts) {
        return answers(console, prompts, AnswersMadeElsewhere::read);
    }

    /** As {@link #answers(Console, List)}, for a task whose answers have a shape of their own. */
    protected final List<PolicyAnswer> answers(Console console, List<PolicyPrompt> prompts, AnswerReader reader) {
        if (options.answers().isPresent()) {
            if ((sampling.given() || template.given()) && !generatesAnyway()) {
                throw wrongOptions(
                        "--answers are there already, so --greedy, --max-completion-length, --temperature, --top-p, --top-k, --seed and the --chat-template options have no effect; leave them out");
            }
            return reader.read(options.answers().get(), prompts);
        }
        return generated("--model", options.model().orElseThrow(), options.out(), console, prompts);
    }

    /** Answers by a model, kept in {@code out}. */
    protected final List<PolicyAnswer> generated(
            String option, String model, Path out, Console console, List<PolicyPrompt> prompts) {
        Path directory = inputs(console).model(option, model);
        PolicyAnswers answers =
                new PolicyAnswers(directory, template.config(), out, sampling.evaluationOptions(), sampling.seed());
        return GeneratedAnswers.of(answers, prompts, common().device(), console);
    }

    /** Whether the sampling options have an effect beside {@code --answers} too. */
    protected boolean generatesAnyway() {
        return false;
    }
}

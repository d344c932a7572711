package dev.flipside.cli.policy;

import dev.flipside.cli.command.ModelRenderers;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Progress;
import dev.flipside.engine.Device;
import dev.flipside.eval.policy.PolicyAnswer;
import dev.flipside.eval.policy.PolicyAnswers;
import dev.flipside.eval.policy.PolicyAnswers.Policy;
import dev.flipside.eval.policy.PolicyPrompt;
import dev.flipside.model.CausalLm;
import dev.flipside.text.Renderer;
import dev.flipside.train.EndOfTurn;
import java.util.List;

/** {@link PolicyAnswers} with progress and warnings on a console. */
final class GeneratedAnswers implements PolicyAnswers.Listener, AutoCloseable {
    private final PolicyAnswers answers;
    private final Console console;
    private Progress bar = Progress.NONE;

    private GeneratedAnswers(PolicyAnswers answers, Console console) {
        this.answers = answers;
        this.console = console;
    }

    /** The answers in the prompts' order. */
    static List<PolicyAnswer> of(PolicyAnswers answers, List<PolicyPrompt> prompts, String device, Console console) {
        try (GeneratedAnswers listener = new GeneratedAnswers(answers, console)) {
            return answers.of(prompts, () -> listener.load(device, prompts), listener);
        }
    }

    private Policy load(String device, List<PolicyPrompt> prompts) {
        NativeLibraries.load(console, answers.model());
        CausalLm lm = CausalLm.load(answers.model(), Device.parse(device));
        try {
            Renderer renderer = ModelRenderers.of(console, lm.files(), answers.template());
            EndOfTurn.warning(renderer, lm.files(), prompts.get(0).messages()).ifPresent(console::warn);
            return new Policy(lm, renderer);
        } catch (RuntimeException e) {
            lm.close();
            throw e;
        }
    }

    @Override
    public void kept(int kept, int prompts) {
        console.info(kept + " of " + prompts + " answers are in " + answers.out() + " already");
    }

    @Override
    public void begin(long tokensAtMost) {
        bar = console.progress("answers", tokensAtMost, "tokens at most");
    }

    @Override
    public void progress(long tokens, int done, int prompts) {
        bar.at(tokens, done + " of " + prompts + " prompts done");
    }

    @Override
    public void close() {
        bar.close();
    }
}

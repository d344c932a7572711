package com.example.flipside;

import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.eval.policy.Marks;
import dev.flipside.eval.policy.PolicyAnswer;
import dev.flipside.eval.policy.PolicyAnswers;
import dev.flipside.eval.policy.PolicyAnswers.Policy;
import dev.flipside.eval.policy.PolicyPrompt;
import dev.flipside.eval.policy.Score;
import dev.flipside.eval.policy.TaskResult;
import dev.flipside.eval.policy.VerifiableItem;
import dev.flipside.model.CausalLm;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.text.Conversation;
import dev.flipside.train.Renderers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What {@code flipside eval-policy} does, from Java, with a task of one's own: a policy answers prompts and a program marks the answers. */
public final class MarkAnswers {
    private MarkAnswers() {}

    /** Takes a policy's directory and a folder where the answers are kept. */
    public static void main(String[] args) {
        if (args.length != 2) {
            System.err.println("usage: MarkAnswers POLICY FOLDER");
            System.exit(2);
        }
        try {
            run(Path.of(args[0]), Path.of(args[1]))
                    .metrics()
                    .forEach((name, metric) -> System.out.printf(
                            "%s: %d of %d, 95 %% interval [%.2f, %.2f]%n",
                            name,
                            metric.total().hits(),
                            metric.total().of(),
                            metric.interval().low(),
                            metric.interval().high()));
        } catch (UserError e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    static TaskResult run(Path policy, Path folder) {
        List<VerifiableItem> items = TrainAndScore.PROMPTS.stream()
                .map(prompt ->
                        new VerifiableItem(new PolicyPrompt(prompt, Conversation.ofPrompt(prompt)), MarkAnswers::mark))
                .toList();
        List<PolicyPrompt> prompts = items.stream().map(VerifiableItem::prompt).toList();
        ChatTemplateConfig own = ChatTemplateConfig.defaults();
        List<PolicyAnswer> answers = new PolicyAnswers(policy, own, folder, SamplingOptions.greedy(12), 0)
                .of(prompts, () -> load(policy, own), PolicyAnswers.Listener.SILENT);
        return TaskResult.of(items, answers);
    }

    private static Policy load(Path directory, ChatTemplateConfig template) {
        NativeLibrary.load();
        CausalLm lm = CausalLm.load(directory, Device.CPU);
        return new Policy(lm, Renderers.load(directory, template, lm.files()));
    }

    /** Whether the answer has a kind word. */
    private static Marks mark(String completion) {
        return new Marks(Map.of("kind", Score.of(new KindWordsReward().share(completion) > 0)), Map.of(), Map.of());
    }
}

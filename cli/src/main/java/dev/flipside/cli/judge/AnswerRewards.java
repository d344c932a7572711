package dev.flipside.cli.judge;

import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.FlipsideCommand;
import dev.flipside.cli.console.Progress;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.eval.policy.PolicyAnswer;
import dev.flipside.model.DistinctRows;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.text.Rendered;
import dev.flipside.text.Renderer;
import java.nio.file.Path;
import java.util.List;

/** What a reward model says of policies' answers. */
final class AnswerRewards {
    private static final int CHUNK = 128;

    private AnswerRewards() {}

    /**
     * One finite reward per answer, in order; the same for the same answer to the same prompt.
     *
     * @throws UserError when the directory is no reward model, or an answer does not fit its context
     */
    static double[] of(Path directory, String device, List<PolicyAnswer> answers, Console console) {
        double[] rewards;
        try (RewardModel model = RewardModel.load(directory, Device.parse(device));
                Progress progress = console.progress("score", answers.size(), "answers")) {
            Renderer renderer = FlipsideCommand.renderer(model.files());
            int context = model.decoder().config().maxPositionEmbeddings();
            // Equal answers are ties, whatever the chunks.
            DistinctRows distinct = DistinctRows.of(answers.stream()
                    .map(answer -> rendered(renderer, answer, context))
                    .toList());
            List<ScoredRow> rows = distinct.rows();
            double[] scores = new double[rows.size()];
            for (int from = 0; from < rows.size(); from += CHUNK) {
                int to = Math.min(rows.size(), from + CHUNK);
                double[] some = model.score(rows.subList(from, to)).rewards();
                System.arraycopy(some, 0, scores, from, some.length);
                progress.at((long) to * answers.size() / rows.size(), "");
            }
            rewards = distinct.spread(scores);
        }
        for (int i = 0; i < rewards.length; i++) {
            if (!Double.isFinite(rewards[i])) {
                throw new UserError("The reward of an answer to prompt "
                        + answers.get(i).prompt().id() + " is " + rewards[i] + "; the weights in " + directory
                        + " are damaged.");
            }
        }
        return rewards;
    }

    private static ScoredRow rendered(Renderer renderer, PolicyAnswer answer, int context) {
        // A cut answer has no end-of-turn token, and is scored without one.
        Rendered rendered = renderer.complete(answer.prompt().messages(), answer.completion(), !answer.truncated());
        ScoredRow row = ScoredRow.of(rendered);
        if (row.longest() > context) {
            throw new UserError("Prompt " + answer.prompt().id() + " with its answer has " + row.longest()
                    + " tokens, but the reward model's context is " + context
                    + "; take that prompt out, or use a reward model with a longer context.");
        }
        return row;
    }
}

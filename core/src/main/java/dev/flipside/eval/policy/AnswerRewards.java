package dev.flipside.eval.policy;

import dev.flipside.config.UserError;
import dev.flipside.model.RewardReader;
import dev.flipside.model.ScoredRow;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongConsumer;

/** What a reward model says of policies' answers. */
public final class AnswerRewards {
    private static final int CHUNK = 128;

    private AnswerRewards() {}

    /**
     * One finite reward per answer, in order; the same for the same answer to the same prompt.
     *
     * @param directory of the reward model, for errors
     * @param answersDone is told now and then how many answers are done
     * @throws UserError when an answer does not fit the reward model's context, or its reward is not finite
     */
    public static double[] of(
            RewardReader reader, Path directory, List<PolicyAnswer> answers, LongConsumer answersDone) {
        int context = reader.positions();
        double[] rewards = reader.rewards(
                answers.stream().map(answer -> row(reader, answer, context)).toList(), CHUNK, answersDone);
        for (int i = 0; i < rewards.length; i++) {
            if (!Double.isFinite(rewards[i])) {
                throw new UserError("The reward of an answer to prompt "
                        + answers.get(i).prompt().id() + " is " + rewards[i] + "; the weights in " + directory
                        + " are damaged.");
            }
        }
        return rewards;
    }

    private static ScoredRow row(RewardReader reader, PolicyAnswer answer, int context) {
        ScoredRow row = ScoredRow.of(reader.read(answer.prompt().messages(), answer.completion(), !answer.truncated()));
        if (row.longest() > context) {
            throw new UserError("Prompt " + answer.prompt().id() + " with its answer has " + row.longest()
                    + " tokens, but the reward model's context is " + context
                    + "; take that prompt out, or use a reward model with a longer context.");
        }
        return row;
    }
}

package dev.flipside.cli.model;

import dev.flipside.cli.command.ModelRenderers;
import dev.flipside.cli.console.Numbers;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import dev.flipside.model.RewardReader;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.Scores;
import java.nio.file.Path;
import java.util.List;

/** The reward model that {@code /score} asks. */
record ChatReward(RewardReader reader) implements AutoCloseable {
    /** @throws UserError when the directory is no reward model's */
    static ChatReward open(Path directory, Device device, Precision precision) {
        RewardModel model = RewardModel.constant(directory, device, precision);
        try {
            return new ChatReward(new RewardReader(model, ModelRenderers.of(model.files())));
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /**
     * What the model says of an exchange, in a line.
     *
     * @throws UserError when its chat template refuses the conversation, or its context has no room for it
     */
    String score(ChatHistory.Exchange exchange) {
        ScoredRow row = ScoredRow.of(reader.read(exchange.prompt(), exchange.answer(), exchange.finished()));
        if (row.longest() > reader.positions()) {
            throw new UserError("The conversation has " + row.longest()
                    + " tokens for the reward model, whose context is " + reader.positions()
                    + "; begin a new one with /reset.");
        }
        Scores scores = reader.score(List.of(row));
        double reward = scores.rewards()[0];
        double value = scores.values()[0];
        return "score " + Numbers.number(reward)
                + (reader.model().hasValueHead()
                        ? ", value of the prompt " + Numbers.number(value) + ", advantage "
                                + Numbers.signed(reward - value)
                        : "")
                + (exchange.finished() ? "" : " (of an answer that was cut)");
    }

    @Override
    public void close() {
        reader.close();
    }
}

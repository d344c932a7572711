package dev.flipside.cli.model;

import dev.flipside.engine.Seeds;
import dev.flipside.model.ModelFiles;
import dev.flipside.rollout.Completion;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.text.CompletionStream;
import dev.flipside.text.Conversation;
import dev.flipside.text.Renderer;
import dev.flipside.train.EndOfTurn;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** The model that answers, and how it samples. */
record ChatModel(Generator generator, ModelFiles files, Renderer renderer, SamplingOptions options, Seeds seeds) {
    /** An answer has at least this part of the context, where it may be so long: older turns make room. */
    private static final int PART_FOR_AN_ANSWER = 4;

    /**
     * An answer.
     *
     * @param tokens how many it has
     * @param finished whether the model ended it
     */
    record Answer(String text, int tokens, boolean finished) {}

    /** @throws dev.flipside.config.UserError when the chat template refuses the conversation */
    int[] prompt(Conversation conversation) {
        return renderer.prompt(conversation);
    }

    int context() {
        return files.config().maxPositionEmbeddings();
    }

    /** The most tokens of a prompt that leaves room for an answer. */
    int room() {
        return context() - Math.max(1, Math.min(options.maxCompletionLength(), context() / PART_FOR_AN_ANSWER));
    }

    /** The most tokens of an answer to a prompt. */
    int longest(int promptTokens) {
        return Math.min(options.maxCompletionLength(), context() - promptTokens);
    }

    /**
     * Answers a rendered conversation.
     *
     * @param turn how many answers there were before, which gives each random numbers of its own
     * @param characters told what is to be shown, as it is written
     * @param stop asked after every token
     */
    Answer answer(int[] prompt, long turn, Consumer<String> characters, BooleanSupplier stop) {
        CompletionStream stream = new CompletionStream(renderer, prompt);
        Completion completion =
                generator.stream(prompt, options, seeds.key(Seeds.Stream.GENERATE, turn, 0, 0), token -> {
                    characters.accept(stream.add(token));
                    return !stop.getAsBoolean();
                });
        characters.accept(stream.rest());
        return new Answer(
                renderer.completionText(prompt, completion.ids()), completion.ids().length, completion.finished());
    }

    /** What is to be told of a model whose answers may not end. */
    Optional<String> warning(Conversation conversation) {
        return EndOfTurn.warning(renderer, files, conversation);
    }
}

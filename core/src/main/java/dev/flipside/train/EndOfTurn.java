package dev.flipside.train;

import dev.flipside.config.UserError;
import dev.flipside.model.ModelFiles;
import dev.flipside.text.Conversation;
import dev.flipside.text.Renderer;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Whether a model that writes what its chat template taught it ever writes one of the tokens at which sampling stops.
 */
public final class EndOfTurn {
    private EndOfTurn() {}

    /**
     * What is to be told of a model whose template ends a finished conversation without any of its end tokens: its
     * replies run on through turns of its own making.
     *
     * @param prompt any that the template renders
     */
    public static Optional<String> warning(Renderer renderer, ModelFiles files, Conversation prompt) {
        Optional<int[]> finished = finished(renderer, prompt);
        if (finished.isEmpty() || IntStream.of(finished.get()).anyMatch(files.eosIds()::contains)) {
            return Optional.empty();
        }
        List<String> special = renderer.spelledSpecialTokens(renderer.decode(finished.get())).stream()
                .distinct()
                .toList();
        String ends = files.eosIds().stream()
                .map(id -> renderer.decode(new int[] {id}) + " (" + id + ")")
                .collect(Collectors.joining(", "));
        return Optional.of(
                "the chat template writes a finished conversation without an end token of the model, " + ends
                        + "; its special tokens there are " + (special.isEmpty() ? "none" : String.join(", ", special))
                        + ", so replies may run on through further turns: name the end of a turn as eos_token in tokenizer_config.json or among eos_token_id in generation_config.json.");
    }

    private static Optional<int[]> finished(Renderer renderer, Conversation prompt) {
        String reply = prompt.last().content(); // whose words the vocabulary has
        try {
            return renderer.finished(prompt.last().isFromAssistant() ? prompt : prompt.withReply(reply));
        } catch (UserError e) {
            return Optional.empty(); // A template that refuses replies says nothing of their end.
        }
    }
}

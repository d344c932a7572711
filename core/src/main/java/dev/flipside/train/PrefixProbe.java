package dev.flipside.train;

import dev.flipside.data.Preference;
import dev.flipside.text.Conversation;
import dev.flipside.text.PrefixMismatch;
import dev.flipside.text.Renderer;
import java.util.List;
import java.util.Optional;

/**
 * A look, before a run starts, at whether the tokens of its own prompts are still the first tokens once a reply follows, with its own template. Where they are not,
 * {@link Renderer} keeps the prompt's tokens and encodes the reply behind them, as a policy writes it; that is stated, never silent. A template that rewrites the prompt
 * when a reply follows is refused here too, before anything was computed.
 *
 * @param looked renderings looked at
 * @param broken those whose prompt merges with the reply
 * @param first which prompt, and the character that merges
 */
public record PrefixProbe(int looked, int broken, Optional<String> first) {
    private static final int PROMPTS = 32;
    private static final int PAIRS = 64;

    /** What replies begin with: a letter, a word behind a space, a line break, a digit, a quotation mark. */
    private static final List<String> BEGINNINGS = List.of("The", " the", "\n", "1", "\"");

    /**
     * The first prompts, each with several beginnings of a reply.
     *
     * @throws dev.flipside.config.UserError when the template refuses a prompt or rewrites it
     */
    public static PrefixProbe ofPrompts(Renderer renderer, List<Conversation> prompts) {
        Count count = new Count(renderer);
        List<Conversation> few = prompts.subList(0, Math.min(PROMPTS, prompts.size()));
        // A small vocabulary of whole words may not have all of them.
        List<String> beginnings = BEGINNINGS.stream().filter(renderer::encodes).toList();
        for (int i = 0; i < few.size(); i++) {
            for (String beginning : beginnings) {
                count.look("prompt " + (i + 1), few.get(i), beginning);
            }
        }
        return count.result();
    }

    /** The first pairs with their own replies; as {@link #ofPrompts}. */
    public static PrefixProbe ofPairs(Renderer renderer, List<Preference> pairs) {
        Count count = new Count(renderer);
        List<Preference> few = pairs.subList(0, Math.min(PAIRS, pairs.size()));
        for (int i = 0; i < few.size(); i++) {
            count.look("pair " + (i + 1), few.get(i).prompt(), few.get(i).chosen());
            count.look("pair " + (i + 1), few.get(i).prompt(), few.get(i).rejected());
        }
        return count.result();
    }

    /** What to tell the user, when anything merges. */
    Optional<String> warning(String data) {
        return first.map(
                where -> data + ": in " + broken + " of " + looked
                        + " renderings looked at the prompt's tokens are not the first tokens of prompt and reply ("
                        + where
                        + "); the reward model reads the prompt's tokens, then the reply's own, where transformers and TRL, which encode both at once, get others."
                        + " To have them agree, end the chat template's generation prompt (without a template: the prompts) with a line break or a special token.");
    }

    private static final class Count {
        private final Renderer renderer;
        private int looked;
        private int broken;
        private Optional<String> first = Optional.empty();

        Count(Renderer renderer) {
            this.renderer = renderer;
        }

        void look(String which, Conversation prompt, String reply) {
            looked++;
            Optional<PrefixMismatch> mismatch = renderer.prefixMismatch(prompt, reply);
            broken += mismatch.isPresent() ? 1 : 0;
            first = first.or(() -> mismatch.map(m -> which + " " + m));
        }

        PrefixProbe result() {
            return new PrefixProbe(looked, broken, first);
        }
    }
}

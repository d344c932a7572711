package dev.flipside.train;

import dev.flipside.text.Conversation;
import dev.flipside.text.PrefixMismatch;
import dev.flipside.text.Renderer;
import java.util.List;
import java.util.Optional;

/**
 * A look, before a run starts, at whether the first tokens of a reply merge with the last ones of its own prompts, with
 * the reward model's template. A template that rewrites the prompt when a reply follows is refused here too, before
 * anything was computed.
 *
 * @param looked renderings looked at
 * @param merged those whose prompt merges with the reply
 * @param first which prompt, and the character that merges
 */
public record PrefixProbe(int looked, int merged, Optional<String> first) {
    /** What happens to renderings that merge. */
    static final String MERGING =
            "the reward is read from the whole text's tokens, as transformers and TRL have them, the value from those of the prompt alone";

    private static final int PROMPTS = 32;

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

    /** What to tell the user, when anything merges. */
    Optional<String> sentence(String data) {
        return first.map(where -> data + ": " + merged + " of " + looked
                + " beginnings of replies merge with the prompt's last tokens (" + where + "); " + MERGING);
    }

    private static final class Count {
        private final Renderer renderer;
        private int looked;
        private int merged;
        private Optional<String> first = Optional.empty();

        Count(Renderer renderer) {
            this.renderer = renderer;
        }

        void look(String which, Conversation prompt, String reply) {
            looked++;
            Optional<PrefixMismatch> mismatch = renderer.prefixMismatch(prompt, reply);
            merged += mismatch.isPresent() ? 1 : 0;
            first = first.or(() -> mismatch.map(m -> which + " " + m));
        }

        PrefixProbe result() {
            return new PrefixProbe(looked, merged, first);
        }
    }
}

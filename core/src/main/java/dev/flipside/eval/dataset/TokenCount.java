package dev.flipside.eval.dataset;

import dev.flipside.config.UserError;
import dev.flipside.data.Example;
import dev.flipside.model.ScoredRow;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import dev.flipside.text.Rendered;
import dev.flipside.text.Renderer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What a model's tokenizer and chat template make of a data file. */
public final class TokenCount {
    private final Renderer renderer;
    private final int limit;
    private final Lengths prompts = new Lengths();
    private final Lengths chosen = new Lengths();
    private final Lengths rejected = new Lengths();
    private int tooLong;
    private int notRendered;
    private Optional<String> firstNotRendered = Optional.empty();
    private int alike;
    private int alikeTruncated;
    private int merged;
    private Optional<String> firstMerged = Optional.empty();
    private int spelled;
    private Optional<String> firstSpelled = Optional.empty();

    /** @param limit the longest conversation that fits, in tokens */
    public TokenCount(Renderer renderer, int limit) {
        this.renderer = renderer;
        this.limit = limit;
    }

    void add(String where, Example example) {
        look(where, example);
        try {
            if (example instanceof Example.Pair pair) {
                Rendered better = renderer.complete(pair.chosenPrompt(), pair.chosen(), true);
                Rendered worse = renderer.complete(pair.rejectedPrompt(), pair.rejected(), true);
                prompts.add(ScoredRow.of(better).promptTokens());
                chosen.add(better.ids().length - better.promptLength());
                rejected.add(worse.ids().length - worse.promptLength());
                tooLong += Math.max(better.ids().length, worse.ids().length) > limit ? 1 : 0;
                compare(pair, better.ids(), worse.ids());
                merges(where, better, pair.chosenPrompt(), pair.chosen());
                merges(where, worse, pair.rejectedPrompt(), pair.rejected());
            } else if (example instanceof Example.Prompt prompt) {
                int length = renderer.prompt(prompt.prompt()).length;
                prompts.add(length);
                tooLong += length > limit ? 1 : 0;
            }
        } catch (UserError e) {
            notRendered++;
            firstNotRendered = firstNotRendered.or(() -> Optional.of(where + ": " + e.getMessage()));
        }
    }

    private void compare(Example.Pair pair, int[] better, int[] worse) {
        if (pair.chosenPrompt().equals(pair.rejectedPrompt()) && !pair.chosen().equals(pair.rejected())) {
            alike += Arrays.equals(better, worse) ? 1 : 0;
            alikeTruncated += Arrays.equals(upTo(limit, better), upTo(limit, worse)) ? 1 : 0;
        }
    }

    private static int[] upTo(int limit, int[] ids) {
        return ids.length <= limit ? ids : Arrays.copyOf(ids, limit);
    }

    private void merges(String where, Rendered rendered, Conversation prompt, String reply) {
        if (rendered.merges()) {
            merged++;
            firstMerged = firstMerged.or(
                    () -> renderer.prefixMismatch(prompt, reply).map(mismatch -> where + " " + mismatch));
        }
    }

    private void look(String where, Example example) {
        List<String> texts = new ArrayList<>();
        if (example instanceof Example.Pair pair) {
            pair.chosenPrompt().messages().stream().map(Message::content).forEach(texts::add);
            texts.add(pair.chosen());
            texts.add(pair.rejected());
        } else if (example instanceof Example.Prompt prompt) {
            prompt.prompt().messages().stream().map(Message::content).forEach(texts::add);
        }
        Optional<String> token = texts.stream()
                .flatMap(text -> renderer.spelledSpecialTokens(text).stream())
                .findFirst();
        spelled += token.isPresent() ? 1 : 0;
        firstSpelled = firstSpelled.or(() -> token.map(t -> where + ": " + t));
    }

    TokenFigures result() {
        return new TokenFigures(
                prompts.spread(),
                chosen.spread(),
                rejected.spread(),
                limit,
                tooLong,
                notRendered,
                firstNotRendered,
                alike,
                alikeTruncated,
                merged,
                firstMerged,
                spelled,
                firstSpelled);
    }
}

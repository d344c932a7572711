package dev.flipside.model;

import dev.flipside.config.UserError;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Chooses the padding token of a reward model that is to be saved. */
public final class PadToken {
    private PadToken() {}

    /**
     * The first special token that never ends a rendering, out of config.json's pad, eos and bos, then the tokenizer's
     * pad, eos, bos and unk, then its other special tokens. The ids that end a completion are never chosen.
     *
     * @param files the model's directory
     * @param endings ids that renderings end with, besides those that end a completion
     * @throws UserError when no token is left
     */
    public static int choose(ModelFiles files, Set<Integer> endings) {
        List<Integer> candidates = new ArrayList<>();
        files.padId().ifPresent(candidates::add);
        candidates.addAll(files.eosIds());
        files.bosId().ifPresent(candidates::add);
        candidates.addAll(files.tokenizerFiles().specialIds());
        return candidates.stream()
                .filter(id -> id < files.config().vocabSize())
                .filter(id -> !endings.contains(id) && !files.eosIds().contains(id))
                .findFirst()
                .orElseThrow(
                        () -> new UserError(
                                files.directory()
                                        + ": has no special token that never ends a text, so a reward model on it cannot be padded safely; add a padding token to its tokenizer."));
    }
}

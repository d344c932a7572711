package dev.flipside.train;

import dev.flipside.model.ScoredRow;

/** A labelled pair as the reward model reads it. */
record LabelledPair(ScoredRow chosen, ScoredRow rejected) {
    int tokens() {
        return chosen.ids().length + rejected.ids().length;
    }
}

package dev.flipside.train;

import dev.flipside.model.ScoredRow;
import java.util.List;

/**
 * Completions as the reward model reads them, and what rendering had to bend.
 *
 * @param rows group after group
 * @param rendered how many were rendered for these rows; more than there are rows where some were replaced
 * @param truncated how many of those were truncated to {@code reward_model.max_length}
 * @param merged in how many the reply merges with the prompt's last tokens
 */
record Reading(List<ScoredRow> rows, long rendered, long truncated, long merged) {
    /** Where no reward model reads. */
    static final Reading NONE = new Reading(List.of(), 0, 0, 0);

    Reading {
        rows = List.copyOf(rows);
    }
}

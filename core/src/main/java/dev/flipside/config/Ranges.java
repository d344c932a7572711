package dev.flipside.config;

import java.util.List;
import java.util.Set;

/**
 * Checks of one section's values; every message names the key, the value and what it may be.
 *
 * @param section name in front of a key, such as {@code save} or {@code policy}
 */
record Ranges(String section) {
    void atLeast(String key, long value, long least) {
        if (value < least) {
            throw new UserError(name(key) + ": " + value + " is too small; the least is " + least + ".");
        }
    }

    void positive(String key, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new UserError(name(key) + ": " + value + " must be a number above 0.");
        }
    }

    /** A least of {@link Double#MIN_VALUE} means above 0. */
    void within(String key, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            throw new UserError(name(key) + ": " + value + " is outside "
                    + (least == Double.MIN_VALUE ? "(0" : "[" + least) + ", " + most + "].");
        }
    }

    /** @param what to name, such as "a file of prompts" */
    void present(String key, String value, String what) {
        if (value.isBlank()) {
            throw new UserError(name(key) + ": is missing; name " + what + ".");
        }
    }

    void distinct(String key, List<?> values) {
        if (Set.copyOf(values).size() < values.size()) {
            throw new UserError(name(key) + ": it names one of its values twice; remove one.");
        }
    }

    private String name(String key) {
        return section + "." + key;
    }
}

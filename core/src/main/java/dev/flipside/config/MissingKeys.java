package dev.flipside.config;

import java.util.ArrayList;
import java.util.List;

/** Keys that a file must have and has not, told together; one alone is told where it is checked. */
final class MissingKeys {
    private final List<String> keys = new ArrayList<>();
    private final List<String> what = new ArrayList<>();

    /** @param what the key is to name */
    MissingKeys unless(boolean given, String key, String what) {
        if (!given) {
            keys.add(key);
            this.what.add(what);
        }
        return this;
    }

    /** @throws UserError when several are missing */
    void tellSeveral() {
        if (keys.size() > 1) {
            throw new UserError(listed(keys) + " are missing; name " + listed(what) + ".");
        }
    }

    private static String listed(List<String> words) {
        int last = words.size() - 1;
        return String.join(", ", words.subList(0, last)) + " and " + words.get(last);
    }
}

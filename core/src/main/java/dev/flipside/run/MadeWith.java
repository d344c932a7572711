package dev.flipside.run;

import dev.flipside.config.UserError;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * What results depend on, by name: kept beside them, so that an interrupted evaluation goes on only with what began it.
 */
public final class MadeWith {
    private static final String UNSET = "unset";

    private MadeWith() {}

    /**
     * Refuses to mix results of two makings.
     *
     * @param holder what the error begins with, such as {@code FILE holds scores}
     * @param kind what there is to delete, {@code file} or {@code folder}
     * @throws UserError naming the first thing that differs, or that only one of them names
     */
    public static void requireSame(String holder, String kind, Map<String, String> before, Map<String, String> now) {
        Set<String> names = new LinkedHashSet<>(now.keySet());
        names.addAll(before.keySet());
        for (String name : names) {
            String was = before.getOrDefault(name, UNSET);
            String is = now.getOrDefault(name, UNSET);
            if (!was.equals(is)) {
                throw new UserError(holder + " made with " + name + " " + was + ", not " + is
                        + "; choose another folder, or delete that " + kind + " to start anew.");
            }
        }
    }
}

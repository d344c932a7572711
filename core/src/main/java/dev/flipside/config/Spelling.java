package dev.flipside.config;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** How names are written, and what a misspelt one may have meant. */
public final class Spelling {
    private Spelling() {}

    /** A choice as YAML, JSON and messages write it: {@code leave_one_out}. */
    public static String of(Enum<?> choice) {
        return choice.name().toLowerCase(Locale.ROOT);
    }

    /** {@code " (did you mean 'NAME'?)"} with the nearest name, empty where none is near. */
    public static String suggestion(String word, List<String> names) {
        return names.stream()
                .min(Comparator.comparingInt(n -> distance(n, word)))
                .filter(n -> distance(n, word) <= Math.max(2, word.length() / 3))
                .map(n -> " (did you mean '" + n + "'?)")
                .orElse("");
    }

    /** Levenshtein's edit distance. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, 1 + Math.min(above, row[j - 1]));
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}

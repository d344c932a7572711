package dev.flipside.hub;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import java.util.regex.PatternSyntaxException;

/**
 * Files that a person wants by name.
 *
 * @param include shell patterns that replace the usual choice of files; none for the usual choice. As in
 *     huggingface_hub a pattern's {@code *} reaches over slashes
 * @param exclude shell patterns of files to leave out
 */
public record Patterns(List<String> include, List<String> exclude) {
    public static final Patterns NONE = new Patterns(List.of(), List.of());

    boolean isGiven() {
        return !include.isEmpty() || !exclude.isEmpty();
    }

    boolean includes(HubFile file) {
        return include.stream().anyMatch(pattern -> anywhere(pattern, file.path()));
    }

    boolean excludes(HubFile file) {
        return exclude.stream().anyMatch(pattern -> anywhere(pattern, file.path()));
    }

    private static boolean anywhere(String pattern, String path) {
        String all = pattern.endsWith("/") ? pattern + "*" : pattern;
        return glob(all.replaceAll("\\*+", "**"), path);
    }

    /** Whether a path matches a pattern whose {@code *} stays within a folder and whose {@code **} does not. */
    static boolean glob(String pattern, String path) {
        PathMatcher matcher;
        try {
            matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
        } catch (PatternSyntaxException e) {
            return path.equals(pattern); // A bracket in a file's name.
        }
        // **/ means "in any folder, or in none".
        return matcher.matches(Path.of(path))
                || pattern.contains("**/") && glob(pattern.replaceFirst("\\*\\*/", ""), path);
    }
}

package dev.flipside.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** A path that stands in a file or a configuration. */
public final class NamedPath {
    private NamedPath() {}

    /**
     * The path that a text names.
     *
     * @param where the file and key that hold it
     * @throws UserError when no file can be called like that, as with a zero character
     */
    public static Path of(String where, String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new UserError(
                    where + " is '" + visible(text) + "', which cannot be a path (" + e.getReason() + "): correct it.",
                    e);
        }
    }

    private static String visible(String text) {
        String plain = text.replaceAll("\\p{Cntrl}", "?");
        return plain.length() <= 80 ? plain : plain.substring(0, 80) + "...";
    }
}

package dev.flipside.hub;

import dev.flipside.config.UserError;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A file of a repository at one commit.
 *
 * @param path with slashes, below the repository's root
 * @param size in bytes
 * @param hash what identifies the content, and its name among the cache's blobs: the SHA-256 of a large file (64
 *     digits), the git blob SHA-1 of any other (40 digits); empty when the listing does not say
 */
public record HubFile(String path, long size, Optional<String> hash) {
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");

    /**
     * Git's empty, dotted and parent folders, backslashes, drive letters and control characters have no place in a path
     * that is to stay below a folder.
     */
    private static final Pattern UNSAFE =
            Pattern.compile("(^|/)(\\.{0,2})(/|$)|[\\\\:\\x00-\\x1f\\x7f]|(^|/)\\.git(/|$)");

    static boolean isHash(String text) {
        return HASH.matcher(text).matches();
    }

    /** @throws UserError when the path could lead out of the folder that it is to be put into */
    static HubFile of(String source, String path, long size, Optional<String> hash) {
        if (path.isEmpty() || UNSAFE.matcher(path).find()) {
            throw new UserError(
                    source + " lists a file '" + printable(path)
                            + "', whose path could lead out of its folder; nothing of it was downloaded. Do not use this repository.");
        }
        return new HubFile(path, size, hash.filter(HubFile::isHash));
    }

    HubFile withHash(String known) {
        return new HubFile(path, size, Optional.of(known));
    }

    String name() {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    boolean atRoot() {
        return path.indexOf('/') < 0;
    }

    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }
}

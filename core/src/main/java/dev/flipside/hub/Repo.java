package dev.flipside.hub;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A repository of the Hub.
 *
 * @param id {@code org/name}
 */
public record Repo(RepoType type, String id) {
    /**
     * The Hub's own rule, less names without an organisation: letters, digits and {@code -_.}, no dot or hyphen at an
     * end, no {@code --} or {@code ..}.
     */
    private static final Pattern ID = Pattern.compile("(?!.*(--|\\.\\.))\\w([\\w.-]*\\w)?/\\w([\\w.-]*\\w)?");

    private static final int LONGEST_ID = 96;

    public Repo {
        if (!isId(id)) {
            throw new IllegalArgumentException("'" + id + "' is not org/name");
        }
    }

    static boolean isId(String text) {
        return text.length() <= LONGEST_ID && ID.matcher(text).matches() && !text.endsWith(".git");
    }

    /** The repository's folder in the cache, such as {@code models--org--name}. */
    String folder() {
        return type.plural() + "--" + id.replace("/", "--");
    }

    /** The repository whose folder in the cache has this name. */
    static Optional<Repo> ofFolder(String folder) {
        for (RepoType type : RepoType.values()) {
            String prefix = type.plural() + "--";
            if (folder.startsWith(prefix)) {
                String id = folder.substring(prefix.length()).replaceFirst("--", "/");
                return isId(id) ? Optional.of(new Repo(type, id)) : Optional.empty();
            }
        }
        return Optional.empty();
    }

    /** Where its pages and files are, below the endpoint. */
    String page() {
        return type.pathPrefix() + id;
    }

    /** Where its API is, below the endpoint. */
    String api() {
        return "api/" + type.plural() + "/" + id;
    }

    @Override
    public String toString() {
        return type.word() + " " + id;
    }
}

package dev.flipside.hub;

/** The kinds of repository that Flipside reads. */
public enum RepoType {
    MODEL("model", "models", ""),
    DATASET("dataset", "datasets", "datasets/");

    private final String word;
    private final String plural;
    private final String pathPrefix;

    RepoType(String word, String plural, String pathPrefix) {
        this.word = word;
        this.plural = plural;
        this.pathPrefix = pathPrefix;
    }

    /** As in a sentence, and in the API's {@code type}. */
    String word() {
        return word;
    }

    /** As in {@code /api/models/...} and in the cache's {@code models--org--name}. */
    String plural() {
        return plural;
    }

    /** What stands before {@code org/name} in a web address. */
    String pathPrefix() {
        return pathPrefix;
    }
}

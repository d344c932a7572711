package dev.flipside.hub;

import dev.flipside.config.UserError;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model or a dataset as a person names it: {@code org/name}, {@code org/name@revision}, and for a dataset
 * {@code org/name[@revision]:split} or {@code org/name[@revision]:config/split}. Git allows no colon in the name of a
 * branch or tag, so that the parts cannot be confused.
 *
 * @param revision a branch, a tag or a commit
 * @param config a dataset's configuration, also called subset; empty for its default
 * @param split of a dataset; empty for {@code train}, or the only one
 */
public record HubName(Repo repo, String revision, Optional<String> config, Optional<String> split) {
    static final String MAIN = "main";

    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
    private static final Pattern NAME = Pattern.compile("([^@:]+)(@([^@:]+))?(:(.+))?");

    /** What git allows in a reference, less the characters that mean something in an address. */
    private static final Pattern REVISION = Pattern.compile("(?!.*(\\.\\.|//|@\\{))\\w[\\w./+=-]*(?<![./])");

    private static final Pattern PART = Pattern.compile("\\w[\\w.+-]*");

    /** File endings that no repository's name has: such a text is the path of a file. */
    private static final Pattern FILE = Pattern.compile(
            "(?i).*\\.(jsonl|json|csv|parquet|gz|yaml|yml|txt|safetensors|gguf|bin|pt|jinja|log|html|zip)");

    /**
     * Reads a name.
     *
     * @return empty when the text has another form: then it is a path
     * @throws UserError when it begins as a name does and goes on wrongly
     */
    public static Optional<HubName> parse(RepoType type, String text) {
        Matcher parts = NAME.matcher(text);
        if (!parts.matches() || !Repo.isId(parts.group(1)) || FILE.matcher(text).matches()) {
            return Optional.empty();
        }
        String revision = Optional.ofNullable(parts.group(3)).orElse(MAIN);
        if (!REVISION.matcher(revision).matches()) {
            throw new UserError(text + ": '" + revision + "' cannot be a branch, a tag or a commit; write "
                    + parts.group(1) + "@main, for example.");
        }
        Optional<String> part = Optional.ofNullable(parts.group(5));
        if (part.isPresent() && type == RepoType.MODEL) {
            throw new UserError(text + ": a model has no split '" + part.get() + "'; write " + parts.group(1)
                    + "@revision for another revision.");
        }
        String[] configAndSplit = part.map(p -> p.split("/", -1)).orElse(new String[0]);
        for (String p : configAndSplit) {
            if (configAndSplit.length > 2 || !isPart(p)) {
                throw new UserError(text + ": '" + part.orElseThrow()
                        + "' is not a split; write :split or :config/split, such as " + parts.group(1)
                        + ":train or " + parts.group(1) + ":default/train.");
            }
        }
        return Optional.of(new HubName(
                new Repo(type, parts.group(1)),
                revision,
                configAndSplit.length == 2 ? Optional.of(configAndSplit[0]) : Optional.empty(),
                configAndSplit.length == 0
                        ? Optional.empty()
                        : Optional.of(configAndSplit[configAndSplit.length - 1])));
    }

    /** As {@link #parse}, where nothing but a name makes sense. */
    public static HubName require(RepoType type, String text) {
        return parse(type, text)
                .orElseThrow(() -> new UserError("'" + text + "' is not the name of a " + type.word()
                        + " on the Hub; write org/name or org/name@revision."));
    }

    /** Whether the revision is a commit, which never changes. */
    boolean pinned() {
        return isCommit(revision);
    }

    /** Whether a text can be the name of a configuration or a split, and of a folder. */
    static boolean isPart(String text) {
        return PART.matcher(text).matches();
    }

    static boolean isCommit(String revision) {
        return COMMIT.matcher(revision).matches();
    }

    /** The same of another revision. */
    HubName at(String other) {
        return new HubName(repo, other, config, split);
    }

    @Override
    public String toString() {
        return repo.id()
                + (revision.equals(MAIN) ? "" : "@" + revision)
                + split.map(s -> ":" + config.map(c -> c + "/").orElse("") + s).orElse("");
    }
}

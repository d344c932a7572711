package dev.flipside.hub;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a file of the cache came from; a path tells it.
 *
 * @param name {@code org/name}
 * @param type {@code model} or {@code dataset}
 * @param commit 40 hexadecimal digits
 */
public record HubSource(String name, String type, String commit) {

    /** The repository and the commit of a path in a cache, such as that of a run's model; empty for any other path. */
    public static Optional<HubSource> of(Path path) {
        Path normal = path.toAbsolutePath().normalize();
        for (int i = 0; i + 2 < normal.getNameCount(); i++) {
            Optional<Repo> repo = Repo.ofFolder(normal.getName(i).toString());
            String commit = normal.getName(i + 2).toString();
            if (repo.isPresent() && HubName.isCommit(commit)) {
                return Optional.of(
                        new HubSource(repo.get().id(), repo.get().type().word(), commit));
            }
        }
        return Optional.empty();
    }

    /** {@code model org/name@COMMIT}. */
    @Override
    public String toString() {
        return type + " " + name + "@" + commit;
    }
}

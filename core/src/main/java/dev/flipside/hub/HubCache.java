package dev.flipside.hub;

import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * The folder that Flipside and Python's huggingface_hub share. For each repository:
 *
 * <pre>
 * models--org--name/
 *   blobs/HASH                    contents, by SHA-256 or git SHA-1
 *   blobs/HASH.flipside.incomplete  the beginning of one, while it is downloaded
 *   snapshots/COMMIT/PATH         links to blobs, relative
 *   refs/main                     the commit that a branch or tag was when it was last asked for
 *   flipside/COMMIT.json          the repository's files at that commit
 * </pre>
 *
 * <p>The listing is not put where huggingface_hub keeps its own ({@code trees}): to it a snapshot without some listed
 * file would be an incomplete one, and Flipside leaves most files out on purpose.
 */
record HubCache(Path root) {
    private static final String OURS = "flipside";

    Path repo(Repo repo) {
        return root.resolve(repo.folder());
    }

    Path blob(Repo repo, String hash) {
        return repo(repo).resolve("blobs").resolve(hash);
    }

    /** A name that huggingface_hub does not use, since its locks and ours do not exclude each other. */
    Path incomplete(Repo repo, String hash) {
        return repo(repo).resolve("blobs").resolve(hash + ".flipside.incomplete");
    }

    Path lock(Repo repo, String hash) {
        return root.resolve(".locks").resolve(repo.folder()).resolve(hash + ".lock");
    }

    Path snapshot(Repo repo, String commit) {
        return repo(repo).resolve("snapshots").resolve(commit);
    }

    /** Where several shards are brought together, see {@link DatasetFiles}. */
    Path shards(Repo repo, String commit, String config, String split) {
        return repo(repo).resolve(OURS).resolve(commit).resolve(config).resolve(split);
    }

    /** Where an adapter and the base that it names are brought together, see {@link AdapterBase}. */
    Path adapter(Repo base, String commit, Path adapter) {
        String place = Hashes.sha256(adapter.toAbsolutePath().normalize().toString());
        return repo(base).resolve(OURS).resolve(commit).resolve("adapters").resolve(place);
    }

    /** The commit that a name stands for, as far as the cache knows. */
    Optional<String> commit(HubName name) {
        if (name.pinned()) {
            return Optional.of(name.revision());
        }
        Path ref = ref(name);
        try {
            return Files.isRegularFile(ref)
                    ? Optional.of(Files.readString(ref).strip()).filter(HubName::isCommit)
                    : Optional.empty();
        } catch (IOException e) {
            throw Durable.refused("read", ref, e);
        }
    }

    void writeRef(HubName name, String commit) {
        if (name.pinned() || commit(name).equals(Optional.of(commit))) {
            return;
        }
        Path ref = ref(name);
        try {
            Files.createDirectories(ref.getParent());
            Durable.write(ref, commit);
        } catch (IOException e) {
            throw Durable.refused("write", ref, e);
        }
    }

    private Path ref(HubName name) {
        return repo(name.repo()).resolve("refs").resolve(name.revision());
    }

    /** What is known of a repository's files at a commit: our own list, else that of huggingface_hub. */
    Optional<Listing> listing(Repo repo, String commit) {
        return Listing.read(ownListing(repo, commit))
                .or(() -> Listing.read(repo(repo).resolve("trees").resolve(commit + ".json")));
    }

    void writeListing(Repo repo, String commit, Listing listing) {
        Path file = ownListing(repo, commit);
        try {
            listing.write(file);
        } catch (IOException e) {
            throw Durable.refused("write", file, e);
        }
    }

    private Path ownListing(Repo repo, String commit) {
        return repo(repo).resolve(OURS).resolve(commit + ".json");
    }

    /** Puts a blob under its name into a folder: a relative link, a copy where links are impossible. */
    static void link(Path blob, Path place) throws IOException {
        Files.createDirectories(place.getParent());
        if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            if (Files.exists(place) && Files.isSameFile(place, blob)) {
                return;
            }
            Files.delete(place);
        }
        try {
            Files.createSymbolicLink(place, place.toAbsolutePath().getParent().relativize(blob.toAbsolutePath()));
            Durable.sync(place.toAbsolutePath().getParent());
        } catch (UnsupportedOperationException | IOException e) {
            Path aside = place.resolveSibling("." + place.getFileName() + ".tmp");
            Files.copy(blob, aside, StandardCopyOption.REPLACE_EXISTING);
            Durable.sync(aside);
            Durable.rename(aside, place);
        }
    }
}

package dev.flipside.hub;

import dev.flipside.config.UserError;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Where the files of one commit go. */
sealed interface Destination {
    /** The folder that holds them in the end. */
    Path folder();

    /** Whether a file is there, whole. */
    boolean holds(HubFile file);

    /** Where it grows while it is downloaded, in the file system of {@link #folder}. */
    Path incomplete(HubFile file);

    Path lock(HubFile file);

    /** Puts a file in its place for which nothing needs to be downloaded; false when there is none. */
    boolean reuse(HubFile file) throws IOException;

    /** Puts a complete and checked download in its place. */
    void place(HubFile file, Path complete) throws IOException;

    private static boolean hasSize(Path path, HubFile file) {
        try {
            return Files.isRegularFile(path) && (file.size() < 0 || Files.size(path) == file.size());
        } catch (IOException e) {
            throw Durable.refused("read", path, e);
        }
    }

    /** The shared cache. */
    record Cache(HubCache cache, Repo repo, String commit) implements Destination {
        @Override
        public Path folder() {
            return cache.snapshot(repo, commit);
        }

        @Override
        public boolean holds(HubFile file) {
            return hasSize(folder().resolve(file.path()), file);
        }

        @Override
        public Path incomplete(HubFile file) {
            return cache.incomplete(repo, file.hash().orElseThrow());
        }

        @Override
        public Path lock(HubFile file) {
            return cache.lock(repo, file.hash().orElseThrow());
        }

        @Override
        public boolean reuse(HubFile file) throws IOException {
            Path blob = cache.blob(repo, file.hash().orElseThrow());
            if (!hasSize(blob, file)) {
                return false;
            }
            HubCache.link(blob, folder().resolve(file.path()));
            return true;
        }

        @Override
        public void place(HubFile file, Path complete) throws IOException {
            Path blob = cache.blob(repo, file.hash().orElseThrow());
            Durable.rename(complete, blob);
            HubCache.link(blob, folder().resolve(file.path()));
        }
    }

    /** A folder of the user's, with files instead of links. */
    record Folder(Path folder, HubCache cache, Repo repo) implements Destination {
        @Override
        public boolean holds(HubFile file) {
            Path place = place(file);
            return hasSize(place, file)
                    && file.hash()
                            .map(hash -> Hashes.like(hash, place).equals(hash))
                            .orElse(false);
        }

        @Override
        public Path incomplete(HubFile file) {
            return downloads().resolve(file.hash().orElseThrow() + ".flipside.incomplete");
        }

        @Override
        public Path lock(HubFile file) {
            return downloads().resolve(file.hash().orElseThrow() + ".lock");
        }

        @Override
        public boolean reuse(HubFile file) throws IOException {
            Path blob = cache.blob(repo, file.hash().orElseThrow());
            if (!hasSize(blob, file)) {
                return false;
            }
            Path incomplete = incomplete(file);
            Files.createDirectories(incomplete.getParent());
            Files.copy(blob, incomplete, StandardCopyOption.REPLACE_EXISTING);
            Durable.sync(incomplete);
            place(file, incomplete);
            return true;
        }

        @Override
        public void place(HubFile file, Path complete) throws IOException {
            Path place = place(file);
            Files.createDirectories(place.getParent());
            Durable.rename(complete, place);
        }

        private Path downloads() {
            return folder.resolve(".cache").resolve("huggingface").resolve("download");
        }

        /** A link among the folders on the way could lead out of the folder. */
        private Path place(HubFile file) {
            Path place = folder.resolve(file.path());
            for (Path parent = place.getParent(); !parent.equals(folder); parent = parent.getParent()) {
                if (Files.isSymbolicLink(parent)) {
                    throw new UserError(parent + " is a link, and " + file.path()
                            + " would be written where it leads; remove it, or choose another folder.");
                }
            }
            return place;
        }
    }
}

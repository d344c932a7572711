package dev.flipside.hub;

import dev.flipside.config.UserError;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Brings files of one commit to where they belong, one after another. */
record Puller(HubApi api, TransferListener listener) {
    private static final double GIGABYTE = 1e9;

    /**
     * Downloads what is missing.
     *
     * @param pinned whose revision is a commit
     * @param label what the user called it
     * @return the bytes that came over the network
     */
    long fetch(HubName pinned, String label, List<HubFile> files, Destination destination) {
        List<HubFile> missing = files.stream()
                .filter(f -> !destination.holds(f))
                .map(f -> api.withHash(pinned, f))
                // The small ones first: what is wrong with a repository shows before its weights have come.
                .sorted(Comparator.comparingLong(HubFile::size))
                .toList();
        if (missing.isEmpty()) {
            return 0;
        }
        long there =
                missing.stream().mapToLong(f -> size(destination.incomplete(f))).sum();
        long bytes = missing.stream().mapToLong(f -> Math.max(0, f.size())).sum();
        requireSpace(destination.folder(), bytes - there);
        listener.begin("pull " + label, bytes, Math.min(there, bytes));
        try {
            long done = 0;
            long received = 0;
            for (HubFile file : missing) {
                received += fetch(pinned, file, destination, done);
                done += Math.max(0, file.size());
                listener.at(done, file.path());
            }
            return received;
        } finally {
            listener.end();
        }
    }

    private long fetch(HubName pinned, HubFile file, Destination destination, long before) {
        String what = file.path() + " of " + pinned.repo();
        try (FileLocks lock = FileLocks.acquire(destination.lock(file), what, listener)) {
            if (destination.reuse(file)) {
                return 0;
            }
            Path incomplete = destination.incomplete(file);
            long there = size(incomplete);
            new Download(api.http(), pinned, file).into(incomplete, have -> listener.at(before + have, file.path()));
            long received = Math.max(0, size(incomplete) - there);
            destination.place(file, incomplete);
            return received;
        } catch (IOException e) {
            throw Durable.refused("write", destination.folder().resolve(file.path()), e);
        }
    }

    private static long size(Path incomplete) {
        try {
            return Files.exists(incomplete) ? Files.size(incomplete) : 0;
        } catch (IOException e) {
            throw Durable.refused("read", incomplete, e);
        }
    }

    private static void requireSpace(Path folder, long bytes) {
        try {
            Files.createDirectories(folder);
            long free = Files.getFileStore(folder).getUsableSpace();
            if (free < bytes) {
                throw new UserError(String.format(
                        Locale.ROOT,
                        "%s has %.1f GB free and %.1f GB are to be downloaded: make room, or set HF_HOME (or --local-dir) to a folder on another disk.",
                        folder,
                        free / GIGABYTE,
                        bytes / GIGABYTE));
            }
        } catch (IOException e) {
            throw Durable.refused("create", folder, e);
        }
    }
}

package dev.flipside.hub;

import dev.flipside.config.BoundedFile;
import dev.flipside.config.UserError;
import dev.flipside.run.Durable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Models and datasets by name: from the cache that Flipside shares with Python's huggingface_hub, else from the Hub.
 */
public final class Hub {
    private static final String README = "README.md";

    private final HubSettings settings;
    private final HubCache cache;
    private final HubApi api;
    private final Puller puller;
    private final TransferListener listener;

    public Hub(HubSettings settings, TransferListener listener) {
        this.settings = settings;
        this.listener = listener;
        cache = new HubCache(settings.cache());
        api = new HubApi(new HubHttp(settings));
        puller = new Puller(api, listener);
    }

    HubCache cache() {
        return cache;
    }

    /**
     * What a pull has brought.
     *
     * @param name as it was asked for
     * @param commit that the files are of
     * @param folder that holds the files
     * @param files that were wanted, those that were there before included
     * @param bytesReceived less than the files' size where some were there before
     */
    public record Pulled(HubName name, String commit, Path folder, List<HubFile> files, long bytesReceived) {
        /** In bytes. */
        public long size() {
            return files.stream().mapToLong(HubFile::size).sum();
        }
    }

    /**
     * The files that a name means.
     *
     * @param pinned the name at the commit that they are of
     * @param split where they are one split of a dataset
     * @param refs the commits that branches and tags were, to be kept once the files are there
     */
    private record Choice(
            HubName pinned, List<HubFile> files, Optional<DatasetFiles.Split> split, Map<HubName, String> refs) {}

    /**
     * Downloads what is needed of a repository at the revision as the Hub has it now, or, offline, as the cache has it.
     *
     * @param localDir a folder for the files; empty for the cache
     * @throws UserError when the Hub refuses, the files are none that Flipside reads, or the disk is full
     * @throws HubUnavailableException when the connection stays away
     */
    public Pulled pull(HubName name, Patterns patterns, Optional<Path> localDir) {
        if (settings.offline()) {
            listener.message("HF_HUB_OFFLINE is set: " + name + " is taken from the cache as it is");
        }
        return fetch(name, choose(name, patterns, name.split().isPresent(), true), localDir);
    }

    /**
     * The directory of a model, in the cache: what is there of the revision, completed from the Hub where something is
     * missing.
     *
     * @throws UserError when it cannot be had
     */
    public Path model(HubName name) {
        return fetch(name, choose(name, Patterns.NONE, false, false), Optional.empty())
                .folder();
    }

    /**
     * A dataset's split, in the cache as {@link #model}: its file, or a folder with links to its files where there are
     * several.
     *
     * @throws UserError when it cannot be had
     */
    public Path dataset(HubName name) {
        Choice choice = choose(name, Patterns.NONE, true, false);
        Path folder = fetch(name, choice, Optional.empty()).folder();
        List<HubFile> files = choice.files();
        if (files.size() == 1) {
            return folder.resolve(files.get(0).path());
        }
        DatasetFiles.Split split = choice.split().orElseThrow();
        // They may be a stranger's words, from the card, and become folders.
        for (String part : List.of(split.config(), split.name())) {
            if (!HubName.isPart(part)) {
                throw new UserError(name.repo() + " calls a configuration or a split '" + part
                        + "', which is no plain name; download its files with flipside pull --dataset --local-dir.");
            }
        }
        Path together = cache.shards(name.repo(), choice.pinned().revision(), split.config(), split.name());
        try {
            for (int i = 0; i < files.size(); i++) {
                // The number keeps the order, whatever folders the files are in.
                String place = String.format("%05d-%s", i, files.get(i).name());
                HubCache.link(folder.resolve(files.get(i).path()).toRealPath(), together.resolve(place));
            }
        } catch (IOException e) {
            throw Durable.refused("write", together, e);
        }
        return together;
    }

    private HubName pinned(HubName name, boolean fresh) {
        boolean ask = fresh && !name.pinned() && !settings.offline();
        Optional<String> known = ask ? Optional.empty() : cache.commit(name);
        if (known.isEmpty() && settings.offline()) {
            throw new UserError(name.repo() + " at " + name.revision() + " is not in the cache " + settings.cache()
                    + ", and HF_HUB_OFFLINE is set: unset it, or check HF_HOME.");
        }
        return name.at(known.orElseGet(() -> api.commit(name)));
    }

    /** @param fresh whether the Hub is asked what the revision is now, although the cache knows what it was */
    private Choice choose(HubName name, Patterns patterns, boolean oneSplit, boolean fresh) {
        HubName pinned = pinned(name, fresh);
        Listing listing = listing(pinned);
        Map<HubName, String> refs = new LinkedHashMap<>(Map.of(name, pinned.revision()));
        if (name.repo().type() == RepoType.MODEL) {
            return new Choice(pinned, FileChoice.model(name, listing, patterns), Optional.empty(), refs);
        }
        if (!patterns.include().isEmpty()) {
            return new Choice(pinned, FileChoice.included(name, listing, patterns), Optional.empty(), refs);
        }
        HubName source = pinned;
        DatasetFiles files = DatasetFiles.of(listing, card(pinned, listing));
        if (files.isEmpty() && name.revision().equals(HubName.MAIN)) {
            HubName converted = name.at(DatasetFiles.CONVERTED);
            source = pinned(converted, fresh);
            refs.put(converted, source.revision());
            files = DatasetFiles.converted(listing(source));
        }
        if (files.isEmpty()) {
            throw new UserError(
                    name.repo() + " has no data that Flipside reads (Parquet, JSON Lines, JSON or CSV); it has "
                            + FileChoice.sample(listing.files().stream().map(HubFile::path)) + ".");
        }
        Optional<DatasetFiles.Split> split = oneSplit ? Optional.of(files.split(name)) : Optional.empty();
        List<HubFile> chosen = split.map(DatasetFiles.Split::files).orElse(files.all()).stream()
                .filter(f -> !patterns.excludes(f))
                .toList();
        if (DatasetFiles.isPartial(chosen)) {
            listener.message(name + ": the Hub has converted only the beginning of this dataset to Parquet");
        }
        return new Choice(source, chosen, split, refs);
    }

    /** The files of a commit: from the cache, else from the Hub, else what another program has put into the cache. */
    private Listing listing(HubName pinned) {
        Repo repo = pinned.repo();
        Optional<Listing> kept = cache.listing(repo, pinned.revision());
        if (kept.isPresent()) {
            return kept.get();
        }
        Path snapshot = cache.snapshot(repo, pinned.revision());
        boolean there = Files.isDirectory(snapshot);
        if (settings.offline() && !there) {
            throw new UserError(repo + " at " + pinned.revision() + " is not in the cache " + settings.cache()
                    + ", and HF_HUB_OFFLINE is set: unset it, or check HF_HOME.");
        }
        if (!settings.offline()) {
            try {
                Listing listing = api.listing(pinned);
                cache.writeListing(repo, pinned.revision(), listing);
                return listing;
            } catch (UserError | HubUnavailableException e) {
                if (!there) {
                    throw e;
                }
                listener.message(repo + " is taken from the cache as it is, for the Hub does not list its files: "
                        + e.getMessage());
            }
        }
        try {
            return Listing.ofSnapshot(snapshot);
        } catch (IOException e) {
            throw Durable.refused("read", snapshot, e);
        }
    }

    private DatasetCard card(HubName pinned, Listing listing) {
        Optional<HubFile> readme = listing.find(README);
        if (readme.isEmpty()) {
            return DatasetCard.read("");
        }
        Pulled pulled =
                fetch(pinned, new Choice(pinned, List.of(readme.get()), Optional.empty(), Map.of()), Optional.empty());
        Path file = pulled.folder().resolve(README);
        try {
            // A byte that is no UTF-8 in somebody's prose is no reason to refuse their data.
            return DatasetCard.read(new String(BoundedFile.bytes(file), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw Durable.refused("read", file, e);
        }
    }

    private Pulled fetch(HubName name, Choice choice, Optional<Path> localDir) {
        HubName pinned = choice.pinned();
        Destination cached = new Destination.Cache(cache, name.repo(), pinned.revision());
        Destination destination = localDir.<Destination>map(
                        folder -> new Destination.Folder(folder.toAbsolutePath().normalize(), cache, name.repo()))
                .orElse(cached);
        List<HubFile> files = settings.offline() ? there(name, choice, cached) : choice.files();
        long received = puller.fetch(pinned, name.toString(), files, destination);
        // Last, so that a reference never names a snapshot that a killed pull has left incomplete.
        if (localDir.isEmpty() && !settings.offline()) {
            choice.refs().forEach(cache::writeRef);
        }
        return new Pulled(name, pinned.revision(), destination.folder(), files, received);
    }

    /**
     * What the cache holds of the choice; Python's programs leave small files out that they do not need, and so can we.
     */
    private List<HubFile> there(HubName name, Choice choice, Destination cached) {
        List<HubFile> missing =
                choice.files().stream().filter(f -> !cached.holds(f)).toList();
        String without = FileChoice.sample(missing.stream().map(HubFile::path));
        if (missing.stream().anyMatch(f -> name.repo().type() == RepoType.DATASET || FileChoice.isEssential(f))) {
            throw new UserError(name.repo() + " at " + name.revision() + " is in the cache " + settings.cache()
                    + " without " + without + ", and HF_HUB_OFFLINE is set: unset it to fetch the rest.");
        }
        if (!missing.isEmpty()) {
            listener.message(name + " is in the cache without " + without + ", and HF_HUB_OFFLINE is set");
        }
        return choice.files().stream().filter(f -> !missing.contains(f)).toList();
    }
}

package dev.flipside.hub;

import dev.flipside.config.UserError;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which files of a repository are needed. */
final class FileChoice {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final Pattern SHARD = Pattern.compile("model-\\d+-of-\\d+\\.safetensors");

    /** What a model directory has beside its weights, as package model reads it and PEFT writes it. */
    private static final Set<String> BESIDE = Set.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "tokenizer.model",
            "chat_template.jinja",
            "value_head.safetensors",
            AdapterBase.CONFIG,
            "adapter_model.safetensors");

    /** Formats whose reader runs code that the file brings along. */
    private static final Pattern PICKLE =
            Pattern.compile("(?i).*\\.(bin|pt|pth|ckpt|pickle|pkl|joblib|dill|npy|npz|h5|keras|msgpack)");

    private FileChoice() {}

    /** Whether a file at the root of a model directory is one of those that {@link #model} may choose. */
    static boolean isPartOfAModel(String name) {
        return BESIDE.contains(name)
                || name.equals(SINGLE)
                || name.equals(INDEX)
                || SHARD.matcher(name).matches();
    }

    /** Whether a model cannot be loaded without this one of its files. */
    static boolean isEssential(HubFile file) {
        return file.path().endsWith(".safetensors")
                || Set.of("config.json", "tokenizer.json", INDEX).contains(file.path());
    }

    static boolean isPickle(HubFile file) {
        return PICKLE.matcher(file.name()).matches();
    }

    /**
     * The files of a model: its configuration, tokenizer and safetensors.
     *
     * @throws UserError when there are none that Flipside can read
     */
    static List<HubFile> model(HubName name, Listing listing, Patterns patterns) {
        if (!patterns.include().isEmpty()) {
            return included(name, listing, patterns);
        }
        List<HubFile> root = listing.files().stream().filter(HubFile::atRoot).toList();
        boolean single = has(root, SINGLE);
        List<HubFile> chosen = new ArrayList<>();
        for (HubFile file : root) {
            // Both are there after a careless upload: transformers and we take the single file.
            boolean weights = single
                    ? file.path().equals(SINGLE)
                    : file.path().equals(INDEX) || SHARD.matcher(file.path()).matches();
            if (weights || BESIDE.contains(file.path())) {
                chosen.add(file);
            }
        }
        boolean sharded = has(root, INDEX)
                && root.stream().anyMatch(f -> SHARD.matcher(f.path()).matches());
        if (!single && !sharded && !has(root, "adapter_model.safetensors")) {
            throw withoutWeights(name, listing);
        }
        if (!has(root, "config.json") && !has(root, AdapterBase.CONFIG)) {
            throw new UserError(name.repo() + " has weights and no config.json, so it is no model directory; "
                    + "take individual files with flipside pull " + name + " --include 'PATTERN'.");
        }
        return chosen.stream().filter(f -> !patterns.excludes(f)).toList();
    }

    /**
     * The files that patterns ask for.
     *
     * @throws UserError when there are none, or one is a pickle
     */
    static List<HubFile> included(HubName name, Listing listing, Patterns patterns) {
        List<HubFile> chosen = listing.files().stream()
                .filter(patterns::includes)
                .filter(f -> !patterns.excludes(f))
                .toList();
        if (chosen.isEmpty()) {
            throw new UserError("--include: " + String.join(", ", patterns.include()) + " matches no file of "
                    + name.repo() + " at " + name.revision() + ", which has "
                    + sample(listing.files().stream().map(HubFile::path)) + ".");
        }
        List<String> pickles =
                chosen.stream().filter(FileChoice::isPickle).map(HubFile::path).toList();
        if (!pickles.isEmpty()) {
            throw new UserError(
                    "--include: " + sample(pickles.stream())
                            + " would be downloaded, and such files can run code when they are opened: Flipside never fetches them; leave them out with --exclude.");
        }
        return chosen;
    }

    private static UserError withoutWeights(HubName name, Listing listing) {
        List<HubFile> pickles = listing.files().stream()
                .filter(HubFile::atRoot)
                .filter(FileChoice::isPickle)
                .toList();
        if (!pickles.isEmpty()) {
            return new UserError(
                    name.repo() + " has its weights only as " + pickles.get(0).path()
                            + ", a format that can run code when it is opened: Flipside reads safetensors only. Save it again with save_pretrained in transformers, or take a repository that has model.safetensors.");
        }
        List<HubFile> gguf =
                listing.files().stream().filter(f -> f.path().endsWith(".gguf")).toList();
        if (!gguf.isEmpty()) {
            return new UserError(name.repo() + " has its weights as GGUF; fetch one file with flipside pull " + name
                    + " --include '" + gguf.get(0).path() + "'.");
        }
        return new UserError(name.repo() + " at " + name.revision() + " has neither " + SINGLE + " nor " + INDEX
                + " with its shards, so there is no model to load; it has "
                + sample(listing.files().stream().map(HubFile::path)) + ".");
    }

    static String sample(Stream<String> names) {
        List<String> all = names.toList();
        int most = 5;
        return all.isEmpty()
                ? "no files"
                : String.join(", ", all.subList(0, Math.min(most, all.size())))
                        + (all.size() > most ? " and " + (all.size() - most) + " more" : "");
    }

    private static boolean has(List<HubFile> files, String path) {
        return files.stream().anyMatch(f -> f.path().equals(path));
    }
}

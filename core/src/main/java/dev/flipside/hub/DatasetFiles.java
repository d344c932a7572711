package dev.flipside.hub;

import dev.flipside.config.UserError;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The data files of a dataset repository by configuration and split, as the library datasets sorts them: by the
 * {@code configs} of the card, else by the words train, validation and test in folders' and files' names; a repository
 * that has only a loading script is read from the Hub's own conversion to Parquet.
 *
 * @param configs configuration to split to files, in reading order
 * @param defaultConfig the one that a name without a configuration means; empty when there are several and none is
 *     marked
 */
record DatasetFiles(Map<String, Map<String, List<HubFile>>> configs, Optional<String> defaultConfig) {
    /** The branch on which the Hub keeps its conversion, {@code CONFIG/SPLIT/0000.parquet}. */
    static final String CONVERTED = "refs/convert/parquet";

    private static final String DEFAULT = "default";
    private static final String TRAIN = "train";

    /** What {@link dev.flipside.data.Rows} reads, the better described first. */
    private static final List<Pattern> FORMATS = List.of(
            Pattern.compile("(?i).*\\.parquet"),
            Pattern.compile("(?i).*\\.jsonl(\\.gz)?"),
            Pattern.compile("(?i).*\\.json(\\.gz)?"),
            Pattern.compile("(?i).*\\.csv(\\.gz)?"));

    /** {@code train-00000-of-00002.parquet}. */
    private static final Pattern SHARD = Pattern.compile("([\\w.]+)-\\d{5}-of-\\d{5}[^/]*");

    /** The words of datasets, parted from others by anything that is no letter or digit. */
    private static final Map<String, Pattern> WORDS = words();

    /** {@code partial-train}: the Hub converts the first gigabytes of large datasets only. */
    private static final String PARTIAL = "partial-";

    private static Map<String, Pattern> words() {
        Map<String, Pattern> words = new LinkedHashMap<>();
        words.put("test", word("test|testing|eval|evaluation"));
        words.put("validation", word("validation|valid|val|dev"));
        words.put(TRAIN, word("train|training"));
        return words;
    }

    private static Pattern word(String words) {
        return Pattern.compile("(?i)(.*[^a-zA-Z0-9])?(" + words + ")([^a-zA-Z0-9].*)?");
    }

    static boolean isData(HubFile file) {
        // Libraries keep descriptions of the data in files of these names.
        boolean described =
                file.name().equals("dataset_infos.json") || file.name().equals("dataset_dict.json");
        return !described
                && FORMATS.stream().anyMatch(f -> f.matcher(file.name()).matches());
    }

    /** The files of a repository; none when no file is data. */
    static DatasetFiles of(Listing listing, DatasetCard card) {
        return card.configs().isEmpty() ? byNames(listing) : byCard(listing, card);
    }

    private static DatasetFiles byCard(Listing listing, DatasetCard card) {
        Map<String, Map<String, List<HubFile>>> configs = new LinkedHashMap<>();
        for (DatasetCard.Config config : card.configs()) {
            Map<String, List<HubFile>> splits = configs.computeIfAbsent(config.name(), c -> new LinkedHashMap<>());
            for (DatasetCard.Split split : config.splits()) {
                List<HubFile> files = listing.files().stream()
                        .filter(f -> split.patterns().stream().anyMatch(p -> Patterns.glob(p, f.path())))
                        .filter(DatasetFiles::isData)
                        .sorted(Comparator.comparing(HubFile::path))
                        .toList();
                if (!files.isEmpty()) {
                    splits.put(split.name(), files);
                }
            }
        }
        configs.values().removeIf(Map::isEmpty);
        Optional<String> marked = card.configs().stream()
                .filter(DatasetCard.Config::isDefault)
                .map(DatasetCard.Config::name)
                .findFirst();
        return new DatasetFiles(configs, marked.or(() -> only(configs)));
    }

    private static DatasetFiles byNames(Listing listing) {
        List<HubFile> data = List.of();
        for (Pattern format : FORMATS) {
            List<HubFile> files = listing.files().stream()
                    .filter(DatasetFiles::isData)
                    .filter(f -> format.matcher(f.name()).matches())
                    .toList();
            // The format of most files is meant, as in datasets; others are notes and examples.
            data = files.size() > data.size() ? files : data;
        }
        if (data.isEmpty()) {
            return new DatasetFiles(Map.of(), Optional.empty());
        }
        Map<String, List<HubFile>> splits = new TreeMap<>();
        for (HubFile file : data) {
            splits.computeIfAbsent(split(file), s -> new ArrayList<>()).add(file);
        }
        splits.values().forEach(files -> files.sort(Comparator.comparing(HubFile::path)));
        return new DatasetFiles(Map.of(DEFAULT, splits), Optional.of(DEFAULT));
    }

    private static String split(HubFile file) {
        Matcher shard = SHARD.matcher(file.name());
        if (shard.matches()) {
            return shard.group(1);
        }
        return WORDS.entrySet().stream()
                .filter(word -> word.getValue().matcher(file.path()).matches())
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(TRAIN);
    }

    /** The files of the branch {@link #CONVERTED}. */
    static DatasetFiles converted(Listing listing) {
        Map<String, Map<String, List<HubFile>>> configs = new TreeMap<>();
        for (HubFile file : listing.files()) {
            String[] parts = file.path().split("/");
            if (parts.length == 3 && FORMATS.get(0).matcher(file.name()).matches()) {
                String split = parts[1].startsWith(PARTIAL) ? parts[1].substring(PARTIAL.length()) : parts[1];
                configs.computeIfAbsent(parts[0], c -> new TreeMap<>())
                        .computeIfAbsent(split, s -> new ArrayList<>())
                        .add(file);
            }
        }
        configs.values()
                .forEach(splits -> splits.values().forEach(files -> files.sort(Comparator.comparing(HubFile::path))));
        return new DatasetFiles(configs, configs.containsKey(DEFAULT) ? Optional.of(DEFAULT) : only(configs));
    }

    private static Optional<String> only(Map<String, ?> configs) {
        return configs.size() == 1
                ? configs.keySet().stream().findFirst()
                : Optional.of(DEFAULT).filter(configs::containsKey);
    }

    boolean isEmpty() {
        return configs.isEmpty();
    }

    /** Whether the files are the beginning of the data only. */
    static boolean isPartial(List<HubFile> files) {
        return files.stream().anyMatch(f -> f.path().contains("/" + PARTIAL));
    }

    /**
     * One split.
     *
     * @param config its configuration
     * @param name of the split
     * @param files in reading order
     */
    record Split(String config, String name, List<HubFile> files) {}

    /**
     * The split that a name means: without one {@code train}, or the only one.
     *
     * @throws UserError when there is no such configuration or split, or several could be meant
     */
    Split split(HubName name) {
        String config = name.config()
                .or(this::defaultConfig)
                .orElseThrow(() -> new UserError(name.repo() + " has several configurations (" + names(configs)
                        + "); say which, such as " + name.repo().id() + ":"
                        + configs.keySet().iterator().next() + "/train."));
        Map<String, List<HubFile>> splits = configs.get(config);
        if (splits == null) {
            throw new UserError(name.repo() + " has no configuration '" + config + "'; it has " + names(configs) + ".");
        }
        String split = name.split()
                .orElse(splits.size() == 1 ? splits.keySet().iterator().next() : TRAIN);
        List<HubFile> files = splits.get(split);
        if (files == null) {
            String what = name.split().isPresent() ? "has no split '" + split + "'" : "has several splits";
            throw new UserError(name.repo() + " " + what + "; it has " + names(splits) + ": write "
                    + name.repo().id() + ":" + (configs.size() > 1 ? config + "/" : "")
                    + splits.keySet().iterator().next() + ", for example.");
        }
        return new Split(config, split, files);
    }

    /** All data files. */
    List<HubFile> all() {
        return configs.values().stream()
                .flatMap(splits -> splits.values().stream())
                .flatMap(List::stream)
                .distinct()
                .toList();
    }

    private static String names(Map<String, ?> named) {
        return named.keySet().stream().limit(20).collect(Collectors.joining(", "))
                + (named.size() > 20 ? String.format(Locale.ROOT, " and %d more", named.size() - 20) : "");
    }
}

package dev.flipside.cli.dashboard;

import dev.flipside.compare.ComparisonDirectory;
import dev.flipside.compare.Registration;
import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The runs and comparisons in a folder, which may be one itself.
 *
 * @param runs by id, in the order of their names; a comparison's seed by seed
 * @param comparisons their questions, by id
 * @param more whether there are more runs than are shown
 */
record Catalog(Map<String, RunPlace> runs, Map<String, Registration> comparisons, boolean more) {
    /** Runs that are followed at once: each costs up to a megabyte. */
    static final int MOST_RUNS = 256;

    /** As {@code runs/demo/world-w}, whose runs are two folders deeper. */
    private static final int DEPTH = 3;

    /** Seven colours, each of them solid, dashed and dotted. */
    private static final int COLOURS = 21;

    /** Reads the folder's names; nothing where it is not there yet. Links to other folders are not followed. */
    static Catalog read(Path root) {
        Catalog catalog = new Catalog(new LinkedHashMap<>(), new LinkedHashMap<>(), false);
        catalog.visit(root, root, DEPTH);
        boolean more = catalog.runs.size() > MOST_RUNS;
        if (more) {
            List<String> ids = new ArrayList<>(catalog.runs.keySet());
            catalog.runs.keySet().removeAll(ids.subList(MOST_RUNS, ids.size()));
        }
        return new Catalog(catalog.runs, catalog.comparisons, more);
    }

    /** Whether a folder holds a run of {@code train} or {@code train-rm}. */
    static boolean holdsRun(Path folder) {
        return Files.isRegularFile(folder.resolve("config.yaml"))
                && (Files.isRegularFile(folder.resolve("metrics.jsonl"))
                        || Files.isRegularFile(folder.resolve("provenance.json")));
    }

    private void visit(Path root, Path folder, int depth) {
        if (runs.size() > MOST_RUNS) {
            return;
        }
        String id = id(root, folder);
        if (ComparisonDirectory.holdsComparison(folder)) {
            comparison(root, folder, id);
        } else if (holdsRun(folder)) {
            String name = id.equals(".") ? folder.toAbsolutePath().normalize().getFileName() + "" : id;
            runs.put(id, new RunPlace(id, name, folder, 1 + runs.size() % COLOURS, ""));
        } else if (depth > 0) {
            children(folder).forEach(child -> visit(root, child, depth - 1));
        }
    }

    private void comparison(Path root, Path folder, String id) {
        Registration registered;
        try {
            registered = ComparisonDirectory.read(folder);
        } catch (UserError e) {
            return; // Being written, or changed since: compare and report say what is wrong with it.
        }
        comparisons.put(id, registered);
        ComparisonConfig config = registered.config();
        List<String> arms = arms(config);
        for (long seed : config.comparison().seeds()) {
            for (int arm = 0; arm < arms.size(); arm++) {
                Path run = ComparisonDirectory.run(folder, seed, arms.get(arm));
                String own = id(root, run);
                runs.put(own, new RunPlace(own, arms.get(arm) + ", seed " + seed, run, colour(arm), id));
            }
        }
    }

    /** The colour of an arm by its place; 0 is the baseline's. */
    static int colour(int arm) {
        return arm == 0 ? 0 : 1 + (arm - 1) % COLOURS;
    }

    /** The baseline first. */
    static List<String> arms(ComparisonConfig config) {
        List<String> arms = new ArrayList<>(config.arms().keySet());
        arms.remove(config.comparison().baseline());
        arms.add(0, config.comparison().baseline());
        return arms;
    }

    private static List<Path> children(Path folder) {
        try (Stream<Path> children = Files.list(folder)) {
            return children.filter(child -> Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS))
                    .filter(child -> !child.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            return List.of(); // Not there yet, or not for us to read.
        }
    }

    private static String id(Path root, Path folder) {
        String id = root.relativize(folder).toString();
        return id.isEmpty() ? "." : id;
    }
}

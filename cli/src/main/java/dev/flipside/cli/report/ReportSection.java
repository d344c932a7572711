package dev.flipside.cli.report;

import dev.flipside.compare.ComparisonDirectory;
import dev.flipside.compare.ComparisonResult;
import dev.flipside.compare.Registration;
import dev.flipside.compare.RunOutcomes;
import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ComparisonConfig.Outcome;
import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.eval.alarm.Alarms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * One comparison or one run on the page. Lists of one or none stand for what is there or not.
 *
 * @param id its anchor on the page
 * @param title of the section
 * @param folder it was read from
 * @param missing runs of the comparison that are not there yet
 */
record ReportSection(
        String id,
        String title,
        String folder,
        int missing,
        List<Question> question,
        List<SummaryTable> summary,
        List<Forest> forest,
        Curves curves,
        AlarmTable alarms,
        List<DecisionRow> decisions,
        List<Samples> samples,
        ProvenanceTable provenance) {

    /**
     * Reads a folder: a comparison, a run, or a folder of comparisons.
     *
     * @throws UserError when it is none of these
     */
    static List<ReportSection> read(Path folder) {
        if (ComparisonDirectory.holdsComparison(folder)) {
            return List.of(comparison(folder, "s0"));
        }
        if (Files.isRegularFile(folder.resolve("metrics.jsonl"))) {
            return List.of(run(folder));
        }
        List<ReportSection> sections = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (Stream<Path> children = Files.list(folder)) {
                children.filter(ComparisonDirectory::holdsComparison)
                        // The order in which they were begun.
                        .sorted(Comparator.comparing(
                                child -> ComparisonDirectory.read(child).time()))
                        .forEach(child -> sections.add(comparison(child, "s" + sections.size())));
            } catch (IOException e) {
                throw new UserError(
                        folder + " cannot be read (" + IoReason.of(e) + "); check the permissions there.", e);
            }
        }
        if (sections.isEmpty()) {
            throw new UserError(
                    folder
                            + " holds neither a run (metrics.jsonl) nor a comparison (registration.json); name the folder that flipside train or compare wrote.");
        }
        return sections;
    }

    private static ReportSection comparison(Path folder, String id) {
        Registration registered = ComparisonDirectory.read(folder);
        ComparisonConfig config = registered.config();
        RunOutcomes outcomes = RunOutcomes.read(folder, config);
        ComparisonResult result = outcomes.result();
        List<List<ArmRun>> runs = new ArrayList<>();
        int missing = 0;
        for (String arm : config.arms().keySet()) {
            List<ArmRun> ofArm = new ArrayList<>();
            for (int i = 0; i < config.comparison().seeds().size(); i++) {
                long seed = config.comparison().seeds().get(i);
                Path run = ComparisonDirectory.run(folder, seed, arm);
                missing += Files.isDirectory(run.resolve("policy")) ? 0 : 1;
                ofArm.add(new ArmRun(seed, run, outcomes.histories().get(arm).get(i)));
            }
            runs.add(ofArm);
        }
        List<ArmRuns> arms = ArmRuns.of(config, runs);
        Map<String, String> first = new LinkedHashMap<>();
        for (Outcome outcome : config.comparison().outcomes()) {
            first.put(outcome.metric(), Curves.title(outcome.metric(), outcome.title()));
        }
        return new ReportSection(
                id,
                title(folder, config),
                folder.toString(),
                missing,
                List.of(Question.of(registered, result)),
                List.of(SummaryTable.of(arms, result)),
                List.of(Forest.of(arms, result)),
                Curves.of(arms, first, id),
                AlarmTable.of(arms),
                DecisionRow.of(arms),
                Samples.of(arms),
                ProvenanceTable.of(
                        arms,
                        List.of(new ShownConfig(
                                folder + "/comparison.yaml",
                                ProvenanceTable.text(folder.resolve("comparison.yaml"))))));
    }

    private static String title(Path folder, ComparisonConfig config) {
        return config.base()
                .world()
                .map(world -> "World " + world.name().toUpperCase(Locale.ROOT))
                .orElse(folder.getFileName().toString());
    }

    private static ReportSection run(Path folder) {
        String name = folder.toAbsolutePath().normalize().getFileName().toString();
        ArmRuns run = new ArmRuns(
                name,
                "",
                List.of(new ArmRun(0, folder, Alarms.read(folder.resolve("metrics.jsonl")))),
                // Not grey: there is no baseline here.
                1);
        List<ArmRuns> runs = List.of(run);
        return new ReportSection(
                "s0",
                name,
                folder.toString(),
                0,
                List.of(),
                List.of(),
                List.of(),
                Curves.of(runs, Map.of(), "s0"),
                AlarmTable.ofRun(run),
                DecisionRow.of(runs),
                Samples.of(runs),
                ProvenanceTable.of(runs, List.of()));
    }

    /** Whether this is a single run. */
    boolean single() {
        return question.isEmpty();
    }
}

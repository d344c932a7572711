package dev.flipside.cli.task;

import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.task.SampleFigures;
import dev.flipside.task.TaskData;
import dev.flipside.task.TaskFolder;
import dev.flipside.task.TaskPair;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What was made of a task, for people and as an object.
 *
 * @param folder where it lies
 * @param settings with which it was made, as {@code task.json} has them
 */
record TaskTables(TaskFolder folder, TaskData data, Map<String, Object> settings) {
    /** The pairs of a file. */
    private record Pairs(Path file, List<TaskPair> pairs) {
        /** Chosen less rejected, true rewards; turned labels count against it. */
        double gap() {
            return pairs.stream().mapToDouble(TaskPair::gap).average().orElse(Double.NaN);
        }

        /** Of the pairs whose replies differ in length, in characters. */
        double longerChosen() {
            return pairs.stream()
                    .filter(pair -> pair.chosen().length() != pair.rejected().length())
                    .mapToInt(pair -> pair.chosen().length() > pair.rejected().length() ? 1 : 0)
                    .average()
                    .orElse(Double.NaN);
        }

        double turned() {
            return pairs.stream()
                    .mapToInt(pair -> pair.isRight() ? 0 : 1)
                    .average()
                    .orElse(Double.NaN);
        }
    }

    private List<Pairs> pairs() {
        return List.of(
                new Pairs(folder.labelledPairs(), data.labelled()),
                new Pairs(folder.heldOutPairs(), data.heldOut()),
                new Pairs(folder.trustedPairs(), data.trusted()));
    }

    String text() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(name(folder.prompts()), Numbers.count(data.prompts().size()), "", "", ""));
        rows.add(List.of(
                name(folder.heldOutPrompts()),
                Numbers.count(data.heldOutPrompts().size()),
                "",
                "",
                ""));
        for (Pairs file : pairs()) {
            rows.add(List.of(
                    name(file.file()),
                    Numbers.count(file.pairs().size()),
                    Numbers.number(file.gap()),
                    Numbers.percent(file.longerChosen()),
                    Numbers.percent(file.turned())));
        }
        SampleFigures samples = data.samples();
        return new Table(List.of("file", "rows", "gap", "longer chosen, %", "turned round, %"), rows).render()
                + "\n"
                + Table.of(List.of(
                                List.of("completions", Numbers.count(samples.completions())),
                                List.of("gold reward, mean", Numbers.number(samples.mean())),
                                List.of("gold reward, std within groups", Numbers.number(samples.stdWithinGroups())),
                                List.of(
                                        "gold reward and length, rank correlation",
                                        Numbers.number(samples.spearmanLength())),
                                List.of("truncated, %", Numbers.percent(samples.truncatedFrac())),
                                List.of("written to", folder.folder().toString())))
                        .render();
    }

    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("output", folder.folder().toString());
        object.put("settings", settings);
        object.put("prompts", data.prompts().size());
        object.put("held_out_prompts", data.heldOutPrompts().size());
        Map<String, Object> files = new LinkedHashMap<>();
        for (Pairs file : pairs()) {
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("pairs", file.pairs().size());
            figures.put("gap", file.gap());
            figures.put("longer_chosen_frac", file.longerChosen());
            figures.put("turned_frac", file.turned());
            files.put(name(file.file()), figures);
        }
        object.put("files", files);
        SampleFigures samples = data.samples();
        object.put("completions", samples.completions());
        object.put("gold_mean", samples.mean());
        object.put("gold_std_within_groups", samples.stdWithinGroups());
        object.put("gold_spearman_length", samples.spearmanLength());
        object.put("truncated_frac", samples.truncatedFrac());
        return object;
    }

    private static String name(Path file) {
        return file.getFileName().toString();
    }
}

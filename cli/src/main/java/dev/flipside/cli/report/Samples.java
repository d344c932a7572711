package dev.flipside.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.IoReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import dev.flipside.run.SampleFiles;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Some groups of completions of the first and the last step, with what the reward model made of them.
 *
 * @param arm whose
 * @param seed of the run that they are from
 */
record Samples(String arm, int colour, String seed, List<Group> groups) {
    private static final int GROUPS_PER_STEP = 2;
    private static final int COMPLETIONS_PER_GROUP = 8;
    private static final int LONGEST_TEXT = 600;

    /** One prompt with its completions; {@code anchor} and labels only where they taught the reward model. */
    record Group(
            String step, String prompt, String anchor, boolean taught, boolean gold, List<Completion> completions) {}

    /**
     * @param label positive, negative, ambiguous, or unused (truncated at the length limit)
     * @param advantage over the anchor, or over the group where the reward model is frozen
     * @param start of a bar from zero, and its {@code width}, in percent
     * @param truth the gold reward; empty where no completion of the group has one
     */
    record Completion(
            String label,
            String advantage,
            String start,
            String width,
            String reward,
            List<String> truth,
            String text) {}

    /** A line of the file, reduced to what is shown. */
    private record Line(
            String prompt, String text, double reward, double value, double advantage, String label, double gold) {}

    /** A group's place in the file. */
    private record Place(long step, int group) {}

    /** Of the first run that logged its completions; empty when none did. */
    static List<Samples> of(List<ArmRuns> arms) {
        List<Samples> samples = new ArrayList<>();
        for (ArmRuns arm : arms) {
            for (ArmRun run : arm.runs()) {
                List<Group> groups = groups(run.folder());
                if (!groups.isEmpty()) {
                    samples.add(new Samples(arm.name(), arm.index(), Long.toString(run.seed()), groups));
                    break;
                }
            }
        }
        // Those with labels first: they are what a reader looks for.
        samples.sort(Comparator.comparing(s -> !s.groups().get(0).taught()));
        return samples;
    }

    private static List<Group> groups(Path run) {
        Map<Place, List<Line>> taught = new LinkedHashMap<>();
        Map<Place, List<Line>> updated = new LinkedHashMap<>();
        long first = Long.MAX_VALUE;
        long last = Long.MIN_VALUE;
        try (BufferedReader reader = reader(SampleFiles.files(run))) {
            for (String text = reader.readLine(); text != null; text = reader.readLine()) {
                JsonNode node = StrictJson.MAPPER.readTree(text);
                Place place =
                        new Place(node.path("step").asLong(), node.path("group").asInt());
                if (place.step() > last && last > first) {
                    long old = last;
                    taught.keySet().removeIf(p -> p.step() == old);
                    updated.keySet().removeIf(p -> p.step() == old);
                }
                first = Math.min(first, place.step());
                last = Math.max(last, place.step());
                boolean teaches = node.path("trains").asText().equals("reward_model");
                (teaches ? taught : updated)
                        .computeIfAbsent(place, k -> new ArrayList<>())
                        .add(line(node, teaches));
            }
        } catch (IOException e) {
            throw new UserError(
                    "The samples in " + run + " cannot be read (" + IoReason.of(e)
                            + "); restore them, or move them away.",
                    e);
        }
        return chosen(taught.isEmpty() ? updated : taught, updated, !taught.isEmpty());
    }

    /** All files one after another: every line in them is whole. */
    private static BufferedReader reader(List<Path> files) throws IOException {
        List<InputStream> streams = new ArrayList<>();
        for (Path file : files) {
            streams.add(Files.newInputStream(file));
        }
        return new BufferedReader(new InputStreamReader(
                new SequenceInputStream(Collections.enumeration(streams)), StandardCharsets.UTF_8));
    }

    private static Line line(JsonNode node, boolean teaches) {
        JsonNode messages = node.path("prompt");
        String prompt = messages.isArray()
                ? messages.path(messages.size() - 1).path("content").asText()
                : messages.asText();
        int label = node.path("label").asInt();
        String name = !node.path("usable").asBoolean(true)
                ? "unused"
                : label > 0 ? "positive" : label < 0 ? "negative" : "ambiguous";
        return new Line(
                prompt,
                node.path("completion").asText(),
                node.path(teaches ? "rm_reward" : "reward").asDouble(Double.NaN),
                node.path("rm_value").asDouble(Double.NaN),
                node.path(teaches ? "rm_advantage" : "advantage").asDouble(Double.NaN),
                teaches ? name : "",
                node.path("gold").asDouble(Double.NaN));
    }

    /** The groups of each step in which most labels occur. */
    private static List<Group> chosen(Map<Place, List<Line>> lines, Map<Place, List<Line>> updated, boolean taught) {
        Map<Long, List<Place>> byStep = new TreeMap<>();
        lines.keySet().forEach(p -> byStep.computeIfAbsent(p.step(), k -> new ArrayList<>())
                .add(p));
        List<Group> groups = new ArrayList<>();
        for (List<Place> places : byStep.values()) {
            places.stream()
                    .sorted(Comparator.comparing((Place p) -> -lines.get(p).stream()
                                    .map(Line::label)
                                    .distinct()
                                    .count())
                            .thenComparing(Place::group))
                    .limit(GROUPS_PER_STEP)
                    .forEach(p -> groups.add(group(p, lines.get(p), updated.getOrDefault(p, List.of()), taught)));
        }
        return groups;
    }

    private static Group group(Place place, List<Line> lines, List<Line> updated, boolean taught) {
        double largest = lines.stream()
                .mapToDouble(l -> Math.abs(l.advantage()))
                .filter(Double::isFinite)
                .max()
                .orElse(1);
        int shown = Math.min(COMPLETIONS_PER_GROUP, lines.size());
        double[] truth = new double[shown];
        for (int i = 0; i < shown; i++) {
            // The same completion may be there twice: once as it taught, once as it updated the policy, with its gold.
            boolean twice = i < updated.size()
                    && updated.get(i).text().equals(lines.get(i).text());
            truth[i] = twice ? updated.get(i).gold() : lines.get(i).gold();
        }
        boolean gold = Arrays.stream(truth).anyMatch(Double::isFinite);
        List<Completion> completions = new ArrayList<>();
        for (int i = 0; i < shown; i++) {
            Line line = lines.get(i);
            double half = largest > 0 ? 50 * Math.abs(line.advantage()) / largest : 0;
            completions.add(new Completion(
                    line.label(),
                    Figures.signed(line.advantage()),
                    css(line.advantage() < 0 ? 50 - half : 50),
                    css(half),
                    Figures.number(line.reward()),
                    gold ? List.of(Figures.number(truth[i])) : List.of(),
                    shortened(line.text())));
        }
        return new Group(
                Long.toString(place.step()),
                shortened(lines.get(0).prompt()),
                taught ? Figures.number(lines.get(0).value()) : "",
                taught,
                gold,
                completions);
    }

    private static String css(double value) {
        return Figures.css(Double.isFinite(value) ? value : 0, 1);
    }

    private static String shortened(String text) {
        String trimmed = text.strip();
        return trimmed.length() <= LONGEST_TEXT ? trimmed : trimmed.substring(0, LONGEST_TEXT) + " \u2026";
    }
}

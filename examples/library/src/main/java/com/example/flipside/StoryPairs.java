package com.example.flipside;

import dev.flipside.config.UserError;
import dev.flipside.rollout.SamplingOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Makes the data of the stories examples: a language model continues openings by a sentence, and {@link StoryJudge} orders pairs of them. The openings of the last
 * four names are held out.
 */
public final class StoryPairs {
    private static final int SAMPLES_PER_OPENING = 8;
    private static final int HELD_OUT_OPENINGS = 48;
    private static final int MAX_TOKENS = 48;

    private StoryPairs() {}

    /** A line of pairs.jsonl. */
    private record Pair(String prompt, String chosen, String rejected) {}

    /** Arguments: a Hugging Face directory of a model that writes stories, and the folder for the four files. */
    public static void main(String[] args) throws IOException {
        if (args.length != 2) {
            System.err.println("usage: StoryPairs MODEL FOLDER");
            System.exit(2);
        }
        try {
            write(Path.of(args[0]), Path.of(args[1]));
        } catch (UserError e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    private static void write(Path model, Path folder) throws IOException {
        List<String> openings = StoryOpenings.all();
        int training = openings.size() - HELD_OUT_OPENINGS;
        List<List<Sampling.Text>> sentences = Sampling.sample(
                model,
                openings,
                SAMPLES_PER_OPENING,
                new SamplingOptions(1, 1, 0, 0, 1, MAX_TOKENS, false, List.of(".")),
                0);
        writePart(folder, "", openings.subList(0, training), sentences.subList(0, training));
        writePart(
                folder,
                "held-out-",
                openings.subList(training, openings.size()),
                sentences.subList(training, openings.size()));
    }

    private static void writePart(
            Path folder, String prefix, List<String> openings, List<List<Sampling.Text>> sentences) throws IOException {
        List<Pair> pairs = new ArrayList<>();
        for (int p = 0; p < openings.size(); p++) {
            pairs.addAll(pairs(openings.get(p), sentences.get(p)));
        }
        Path pairFile = JsonLines.write(folder.resolve(prefix + "pairs.jsonl"), pairs);
        Path promptFile = JsonLines.write(
                folder.resolve(prefix + "prompts.jsonl"),
                openings.stream().map(opening -> Map.of("prompt", opening)).toList());
        System.out.println(
                pairFile + ": " + pairs.size() + " pairs; " + promptFile + ": " + openings.size() + " prompts");
    }

    /** Neighbouring samples that both ended with a full stop and that the judge tells apart. */
    private static List<Pair> pairs(String opening, List<Sampling.Text> samples) {
        StoryJudge judge = new StoryJudge();
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i + 1 < samples.size(); i += 2) {
            Sampling.Text a = samples.get(i);
            Sampling.Text b = samples.get(i + 1);
            double difference = judge.score(a.text()) - judge.score(b.text());
            if (a.finished() && b.finished() && difference != 0) {
                pairs.add(
                        new Pair(opening, difference > 0 ? a.text() : b.text(), difference > 0 ? b.text() : a.text()));
            }
        }
        return pairs;
    }
}

package dev.flipside.train;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.flipside.SharedFiles;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.rollout.Completion;
import dev.flipside.rollout.GenerationSettings;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.Group;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.text.Conversation;
import dev.flipside.text.Renderer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A real language model of 1 MB that writes stories, and pairs of its own stories ordered by a programmatic judge. */
final class Stories {
    static final List<String> OPENINGS = List.of(
            "Once upon a time, there was a little girl named Lily.",
            "One day, a boy named Tom went to the park.",
            "There was a big dog who liked to run.",
            "Sara and Ben played in the garden.",
            "The cat saw a red ball.",
            "Mom made a cake for the family.",
            "A bird sat on the tree.",
            "Tim had a new toy car.");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private Stories() {}

    static Path model() {
        return SharedFiles.require("models/stories260k");
    }

    /** What the judge likes: many different words, and a happy one among them. */
    static double judge(String story) {
        String[] words = story.toLowerCase(java.util.Locale.ROOT).split("[^a-z]+");
        long different = java.util.Arrays.stream(words).distinct().count();
        boolean happy = story.contains("happy") || story.contains("smile") || story.contains("fun");
        return different / (double) Math.max(1, words.length) + (happy ? 0.5 : 0);
    }

    static Path prompts(Path folder) throws IOException {
        Path file = folder.resolve("prompts.jsonl");
        List<String> lines = new ArrayList<>();
        for (String opening : OPENINGS) {
            lines.add(JSON.writeValueAsString(Map.of("prompt", opening)));
        }
        return Files.write(file, lines);
    }

    /** Pairs of sampled stories, the judge's favourite chosen; deterministic. */
    static Path pairs(Path folder, int pairs) {
        Path dir = model();
        try (CausalLm lm = CausalLm.load(dir, Device.CPU);
                Renderer renderer = Renderers.load(dir, ChatTemplateConfig.defaults(), lm.files());
                Generator generator = new Generator(lm, new GenerationSettings(64, List.of(), renderer::decode))) {
            Seeds seeds = new Seeds(11);
            List<PromptExample> prompts = OPENINGS.stream()
                    .map(o -> new PromptExample(Conversation.ofPrompt(o), Map.of()))
                    .toList();
            List<int[]> ids =
                    prompts.stream().map(p -> renderer.prompt(p.prompt())).toList();
            int perPrompt = 2 * ((pairs + prompts.size() - 1) / prompts.size());
            List<Group> groups = generator.generate(
                    ids,
                    perPrompt,
                    SamplingOptions.plain(32),
                    (prompt, sample) -> seeds.key(Seeds.Stream.GENERATE, 0, prompt, sample));
            List<String> lines = new ArrayList<>();
            for (int i = 0; i < perPrompt; i += 2) {
                for (int p = 0; p < prompts.size(); p++) {
                    List<Completion> completions = groups.get(p).completions();
                    String a = renderer.completionText(
                            ids.get(p), completions.get(i).ids());
                    String b = renderer.completionText(
                            ids.get(p), completions.get(i + 1).ids());
                    boolean aWins = judge(a) > judge(b);
                    if (!a.equals(b) && lines.size() < pairs) {
                        lines.add(JSON.writeValueAsString(
                                Map.of("prompt", OPENINGS.get(p), "chosen", aWins ? a : b, "rejected", aWins ? b : a)));
                    }
                }
            }
            return Files.write(folder.resolve("pairs.jsonl"), lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

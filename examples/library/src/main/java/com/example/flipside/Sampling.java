package com.example.flipside;

import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.rollout.GenerationSettings;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.Group;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.text.Conversation;
import dev.flipside.text.Renderer;
import dev.flipside.train.Renderers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a model directory writes. */
final class Sampling {
    private static final int ROWS_AT_A_TIME = 128;

    private Sampling() {}

    /**
     * A completion's text.
     *
     * @param finished false when it was cut at the length limit
     */
    record Text(String text, boolean finished) {}

    /** {@code perPrompt} completions of every prompt, the same for the same seed. */
    static List<List<Text>> sample(
            Path model, List<String> prompts, int perPrompt, SamplingOptions options, long seed) {
        try (CausalLm lm = CausalLm.load(model, Device.CPU);
                Renderer renderer = Renderers.load(model, ChatTemplateConfig.defaults(), lm.files());
                Generator generator =
                        new Generator(lm, new GenerationSettings(ROWS_AT_A_TIME, List.of(), renderer::decode))) {
            Seeds seeds = new Seeds(seed);
            List<int[]> ids = prompts.stream()
                    .map(prompt -> renderer.prompt(Conversation.ofPrompt(prompt)))
                    .toList();
            List<Group> groups = generator.generate(
                    ids, perPrompt, options, (prompt, sample) -> seeds.key(Seeds.Stream.GENERATE, 0, prompt, sample));
            List<List<Text>> texts = new ArrayList<>();
            for (int p = 0; p < prompts.size(); p++) {
                int[] prompt = ids.get(p);
                texts.add(groups.get(p).completions().stream()
                        .map(c -> new Text(renderer.completionText(prompt, c.ids()), c.finished()))
                        .toList());
            }
            return texts;
        }
    }
}

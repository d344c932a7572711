package dev.flipside.eval.policy;

import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.Spelling;
import dev.flipside.config.UserError;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.rollout.Completion;
import dev.flipside.rollout.GenerationSettings;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.Group;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.run.ModelMark;
import dev.flipside.text.Renderer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * One completion of each prompt by a model, kept in a folder: prompts that were answered there before are not answered
 * again.
 *
 * @param model its directory
 * @param template how the model is asked
 * @param out holds {@code answers.jsonl} and {@code generation.json}, see {@link AnswerLog}
 * @param seed a sampled completion depends on it and on the prompt's place, not on where an interrupted evaluation went
 *     on
 */
public record PolicyAnswers(Path model, ChatTemplateConfig template, Path out, SamplingOptions sampling, long seed) {
    /** Decoded at a time, and lost at most when the process is killed. */
    private static final int ROWS_AT_A_TIME = 32;

    private record Open(int place, PolicyPrompt prompt) {}

    /** A loaded model with the renderer of its prompts; both are closed with this. */
    public record Policy(CausalLm lm, Renderer renderer) implements AutoCloseable {
        @Override
        public void close() {
            renderer.close();
            lm.close();
        }
    }

    /** Hears how far the answers are. */
    public interface Listener {
        /** Says nothing to nobody. */
        Listener SILENT = new Listener() {};

        /** Some of the prompts are answered already. */
        default void kept(int answers, int prompts) {}

        /** The first prompt is about to be answered. */
        default void begin(long tokensAtMost) {}

        /** {@code tokens} of those announced are made or not needed any more. */
        default void progress(long tokens, int answers, int prompts) {}
    }

    /**
     * The answers in the prompts' order; ids must be unique.
     *
     * @param policy loads the model; asked only where a prompt is not answered yet
     * @throws UserError when the folder holds answers made otherwise, or a prompt does not fit the model's context
     */
    public List<PolicyAnswer> of(List<PolicyPrompt> prompts, Supplier<Policy> policy, Listener listener) {
        try (AnswerLog log = AnswerLog.open(out, generation())) {
            List<Open> open = new ArrayList<>();
            for (int place = 0; place < prompts.size(); place++) {
                if (log.find(prompts.get(place)).isEmpty()) {
                    open.add(new Open(place, prompts.get(place)));
                }
            }
            if (open.size() < prompts.size()) {
                listener.kept(prompts.size() - open.size(), prompts.size());
            }
            if (!open.isEmpty()) {
                try (Policy loaded = policy.get()) {
                    generate(loaded, open, log, listener);
                }
            }
            return prompts.stream()
                    .map(prompt -> log.find(prompt).orElseThrow())
                    .toList();
        }
    }

    private void generate(Policy policy, List<Open> open, AnswerLog log, Listener listener) {
        Renderer renderer = policy.renderer();
        int room = policy.lm().decoder().config().maxPositionEmbeddings() - 1;
        List<int[]> ids = open.stream().map(o -> rendered(renderer, o, room)).toList();
        long longest = sampling.maxCompletionLength();
        listener.begin(open.size() * longest);
        try (Generator generator = new Generator(
                policy.lm(),
                new GenerationSettings(ROWS_AT_A_TIME, List.of(), c -> renderer.completionText(new int[0], c)))) {
            for (int from = 0; from < open.size(); from += ROWS_AT_A_TIME) {
                int done = from;
                int to = Math.min(open.size(), from + ROWS_AT_A_TIME);
                AtomicLong tokens = new AtomicLong(from * longest);
                List<Group> groups = generate(
                        generator,
                        open.subList(from, to),
                        ids.subList(from, to),
                        count -> listener.progress(tokens.addAndGet(count), done, open.size()));
                for (int i = 0; i < groups.size(); i++) {
                    Completion completion = groups.get(i).completions().get(0);
                    log.append(
                            open.get(from + i).prompt(),
                            renderer.completionText(ids.get(from + i), completion.ids()),
                            Spelling.of(completion.finishReason()),
                            completion.ids().length);
                }
                listener.progress(to * longest, to, open.size());
            }
        }
    }

    private List<Group> generate(Generator generator, List<Open> open, List<int[]> ids, LongConsumer newTokens) {
        Seeds seeds = new Seeds(seed);
        return generator.generate(
                ids,
                1,
                sampling,
                (prompt, sample) ->
                        seeds.key(Seeds.Stream.GENERATE, 0, open.get(prompt).place(), sample),
                newTokens);
    }

    private static int[] rendered(Renderer renderer, Open open, int room) {
        int[] ids = renderer.prompt(open.prompt().messages());
        if (ids.length > room) {
            throw new UserError("The prompt with id " + open.prompt().id() + " has " + ids.length
                    + " tokens and leaves no room for an answer in the model's context of " + (room + 1)
                    + "; take that prompt out of the data, or use a model with a longer context.");
        }
        return ids;
    }

    /** What the answers depend on. */
    private Map<String, Object> generation() {
        Map<String, Object> made = new LinkedHashMap<>(ModelMark.of(model));
        made.putAll(template.said());
        made.put("max_completion_length", sampling.maxCompletionLength());
        made.put("greedy", sampling.greedy());
        made.put("temperature", sampling.temperature());
        made.put("top_p", sampling.topP());
        made.put("top_k", sampling.topK());
        made.put("seed", seed);
        return made;
    }
}

package dev.flipside.cli.policy;

import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.FlipsideCommand;
import dev.flipside.cli.console.Progress;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.eval.policy.PolicyAnswer;
import dev.flipside.eval.policy.PolicyPrompt;
import dev.flipside.model.CausalLm;
import dev.flipside.rollout.Completion;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.Group;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.run.ModelMark;
import dev.flipside.text.Renderer;
import dev.flipside.train.EndOfTurn;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/**
 * One completion of each prompt by a model, kept in a folder: prompts that were answered there before are not answered again.
 *
 * @param template how the model is asked
 * @param out holds {@code answers.jsonl} and {@code generation.json}, see {@link AnswerLog}
 * @param seed a sampled completion depends on it and on the prompt's place, not on where an interrupted evaluation went on
 */
record PolicyAnswers(
        Path model, ChatTemplateConfig template, Path out, SamplingOptions sampling, long seed, String device) {
    /** Decoded at a time, and lost at most when the process is killed. */
    private static final int ROWS_AT_A_TIME = 32;

    private record Open(int place, PolicyPrompt prompt) {}

    /** The answers in the prompts' order; ids must be unique. */
    List<PolicyAnswer> of(List<PolicyPrompt> prompts, Console console) {
        try (AnswerLog log = AnswerLog.open(out, generation())) {
            List<Open> open = new ArrayList<>();
            for (int place = 0; place < prompts.size(); place++) {
                if (log.find(prompts.get(place)).isEmpty()) {
                    open.add(new Open(place, prompts.get(place)));
                }
            }
            if (open.size() < prompts.size()) {
                console.info(
                        prompts.size() - open.size() + " of " + prompts.size() + " answers are in " + out + " already");
            }
            if (!open.isEmpty()) {
                generate(open, log, console);
            }
            return prompts.stream()
                    .map(prompt -> log.find(prompt).orElseThrow())
                    .toList();
        }
    }

    private void generate(List<Open> open, AnswerLog log, Console console) {
        FlipsideCommand.loadLibraries(console, model);
        try (CausalLm lm = CausalLm.load(model, Device.parse(device))) {
            Renderer renderer = FlipsideCommand.renderer(console, lm.files(), template);
            int room = lm.decoder().config().maxPositionEmbeddings() - 1;
            List<int[]> ids =
                    open.stream().map(o -> rendered(renderer, o, room)).toList();
            EndOfTurn.warning(renderer, lm.files(), open.get(0).prompt().messages())
                    .ifPresent(console::warn);
            long longest = sampling.maxCompletionLength();
            try (Generator generator = new Generator(
                            lm,
                            new Generator.Settings(
                                    ROWS_AT_A_TIME, List.of(), c -> renderer.completionText(new int[0], c)));
                    Progress progress = console.progress("answers", open.size() * longest, "tokens at most")) {
                for (int from = 0; from < open.size(); from += ROWS_AT_A_TIME) {
                    int to = Math.min(open.size(), from + ROWS_AT_A_TIME);
                    String done = from + " of " + open.size() + " prompts done";
                    AtomicLong tokens = new AtomicLong(from * longest);
                    List<Group> groups = generate(
                            generator,
                            open.subList(from, to),
                            ids.subList(from, to),
                            count -> progress.at(tokens.addAndGet(count), done));
                    for (int i = 0; i < groups.size(); i++) {
                        Completion completion = groups.get(i).completions().get(0);
                        log.append(
                                open.get(from + i).prompt(),
                                renderer.completionText(ids.get(from + i), completion.ids()),
                                completion.finishReason().name().toLowerCase(Locale.ROOT),
                                completion.ids().length);
                    }
                    progress.at(to * longest, to + " of " + open.size() + " prompts done");
                }
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

package dev.flipside.world;

import dev.flipside.config.IoReason;
import dev.flipside.config.OptimiserConfig;
import dev.flipside.config.OptimiserConfig.Scheduler;
import dev.flipside.config.UserError;
import dev.flipside.engine.AdamW;
import dev.flipside.engine.Device;
import dev.flipside.engine.ParameterGroup;
import dev.flipside.engine.Schedule;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.model.LogprobPass;
import dev.flipside.model.TokenRow;
import dev.flipside.run.Durable;
import dev.flipside.safetensors.WeightType;
import dev.flipside.text.Continued;
import dev.flipside.text.Conversation;
import dev.flipside.text.Renderer;
import dev.flipside.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.LongConsumer;

/**
 * Makes a new model a language model of a world's grammar: next-token prediction on the answers alone.
 *
 * @param texts in the corpus, each an answer to one of all 108 prompts
 * @param steps of the optimiser
 * @param batchSize texts of one step, drawn with replacement
 */
public record Pretraining(int texts, int steps, int batchSize) {
    /** What the worlds' figures were measured with. */
    public static final Pretraining STANDARD = new Pretraining(6000, 700, 64);

    /** On the same texts, longer or shorter. */
    public Pretraining withSteps(int number) {
        return new Pretraining(texts, number, batchSize);
    }

    private static final OptimiserConfig OPTIMISER =
            new OptimiserConfig(3e-3, 0.01, 0.9, 0.999, 1e-8, Scheduler.LINEAR, 20, 0.1, 0);

    /**
     * Trains a model and writes it as a Hugging Face directory that appears whole or not at all.
     *
     * @param folder whose {@link WorldFolder#policy} is written
     * @param progress told the steps that are done, on the calling thread
     * @return the mean loss per token over the last tenth of the steps, in nats
     */
    public double run(WorldFolder folder, LongConsumer progress) {
        Path aside = folder.policy().resolveSibling("policy.unfinished");
        Seeds seeds = new Seeds(folder.seed());
        try {
            TinyModel.write(aside, folder.world().model());
            double loss;
            try (CausalLm model = CausalLm.untrained(aside, Device.parse(folder.device()), seeds)) {
                loss = train(model, corpus(aside, folder.world().grammar(), seeds), seeds, progress);
                model.save(aside, WeightType.F32);
            }
            Durable.syncTree(aside);
            Durable.rename(aside, folder.policy());
            return loss;
        } catch (IOException e) {
            throw new UserError(
                    folder.policy() + " cannot be written (" + IoReason.of(e) + "): choose another folder.", e);
        }
    }

    private List<TokenRow> corpus(Path model, Grammar grammar, Seeds seeds) {
        SplittableRandom random = World.Purpose.CORPUS.random(seeds);
        List<ListPrompt> prompts = ListPrompt.all();
        List<TokenRow> rows = new ArrayList<>();
        try (Renderer renderer = new Renderer(Tokenizer.load(model), Optional.empty(), TinyModel.id(Vocabulary.EOS))) {
            for (int i = 0; i < texts; i++) {
                ListPrompt prompt = prompts.get(random.nextInt(prompts.size()));
                Continued text = renderer.turn(
                        Conversation.ofPrompt(prompt.text()).withReply(" " + grammar.answer(prompt, random)));
                rows.add(new TokenRow(text.ids(), text.promptLength()));
            }
        }
        return rows;
    }

    private double train(CausalLm model, List<TokenRow> corpus, Seeds seeds, LongConsumer progress) {
        SplittableRandom random = World.Purpose.PRETRAINING_BATCHES.random(seeds);
        Schedule schedule = Schedule.of(OPTIMISER, steps);
        int averaged = Math.max(1, steps / 10);
        double sum = 0;
        try (AdamW optimiser = new AdamW(
                List.of(new ParameterGroup("policy", model.parameters(), OPTIMISER.weightDecay())), OPTIMISER)) {
            for (int step = 0; step < steps; step++) {
                List<TokenRow> batch = random.ints(batchSize, 0, corpus.size())
                        .mapToObj(corpus::get)
                        .toList();
                optimiser.zeroGradient();
                double loss = descend(model, batch);
                optimiser.step(1.0, OPTIMISER.learningRate() * schedule.factor(step));
                sum += step >= steps - averaged ? loss : 0;
                progress.accept(step + 1L);
            }
        }
        return sum / averaged;
    }

    /** Adds the gradient of the batch's mean loss per token; returns that loss. */
    private static double descend(CausalLm model, List<TokenRow> batch) {
        int tokens = batch.stream().mapToInt(TokenRow::completionLength).sum();
        try (LogprobPass pass = model.pass(batch, 1.0, false)) {
            double loss = 0;
            double[][] gradient = new double[batch.size()][];
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] = new double[batch.get(i).completionLength()];
                Arrays.fill(gradient[i], -1.0 / tokens);
                loss -= Arrays.stream(pass.logprobs()[i]).sum() / tokens;
            }
            pass.backward(gradient);
            return loss;
        }
    }
}

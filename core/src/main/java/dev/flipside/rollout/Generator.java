package dev.flipside.rollout;

import dev.flipside.config.UserError;
import dev.flipside.model.CausalLm;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * Samples groups of completions with a key-value cache.
 *
 * <p>A prompt is computed once for its group, finished rows leave the batch, and one transfer per step brings the
 * tokens and logprobs of all rows to Java. Random numbers belong to (key, token index), so a completion does not depend
 * on what is generated beside it, except through the last bits of logits, which move with batch shapes. No gradient is
 * recorded. One thread at a time. Between calls it keeps a packed copy of the weights, made anew when they have
 * changed, until {@link #close}.
 */
public final class Generator implements AutoCloseable {
    private final DecodingModel model;
    private final GenerationSettings settings;

    /**
     * A generator over the current weights of {@code lm}, which must outlive it; training steps between calls are seen.
     *
     * @throws UserError when a suppressed id is no token of the model
     */
    public Generator(CausalLm lm, GenerationSettings settings) {
        this(new CachedDecoding(lm), settings);
    }

    Generator(DecodingModel model, GenerationSettings settings) {
        this.model = model;
        this.settings = settings;
        for (int id : settings.suppressedIds()) {
            if (id < 0 || id >= model.vocabulary()) {
                throw new UserError("rollout.suppress_tokens holds " + id + ", which is no token of a vocabulary of "
                        + model.vocabulary() + "; ids go from 0 to " + (model.vocabulary() - 1) + ".");
            }
        }
    }

    /** {@link #generate(List, int, SamplingOptions, SampleKeys, LongConsumer)} without progress. */
    public List<Group> generate(List<int[]> prompts, int numGenerations, SamplingOptions options, SampleKeys keys) {
        return generate(prompts, numGenerations, options, keys, newTokens -> {});
    }

    /**
     * Samples {@code numGenerations} completions of every prompt.
     *
     * @param prompts rendered prompts, none empty
     * @param keys the random key of each sample
     * @param newTokens told, after every step, how many tokens it added to completions; from this thread
     * @return one group per prompt, in the prompts' order
     * @throws UserError when a prompt leaves no room in the model's context, or the model's logits are not finite
     */
    public List<Group> generate(
            List<int[]> prompts, int numGenerations, SamplingOptions options, SampleKeys keys, LongConsumer newTokens) {
        return generate(prompts, numGenerations, options, keys, newTokens, token -> true);
    }

    /**
     * Samples one completion of one prompt, which is told as it grows.
     *
     * @param prompt rendered, not empty
     * @param key of its random numbers
     * @param goOn told every token as it is chosen, an end token too, and asked whether another is wanted; from this
     *     thread
     * @throws UserError as {@link #generate(List, int, SamplingOptions, SampleKeys, LongConsumer)}
     */
    public Completion stream(int[] prompt, SamplingOptions options, long key, IntPredicate goOn) {
        return generate(List.of(prompt), 1, options, (p, sample) -> key, newTokens -> {}, goOn)
                .get(0)
                .completions()
                .get(0);
    }

    private List<Group> generate(
            List<int[]> prompts,
            int numGenerations,
            SamplingOptions options,
            SampleKeys keys,
            LongConsumer newTokens,
            IntPredicate goOn) {
        if (numGenerations < 1) {
            throw new IllegalArgumentException("numGenerations " + numGenerations);
        }
        for (int p = 0; p < prompts.size(); p++) {
            check(prompts.get(p), p);
        }
        List<List<Completion>> completions = new ArrayList<>();
        prompts.forEach(p -> completions.add(new ArrayList<>()));
        try (TokenSampler sampler = new TokenSampler(options, settings.suppressedIds(), model.device())) {
            GenerationBatch.Rules rules = new GenerationBatch.Rules(
                    sampler, model.endIds(), options.stop(), settings.decode(), newTokens, goOn);
            for (int[] batch : batches(prompts, numGenerations)) {
                for (Row row : run(batch, prompts, numGenerations, options, keys, rules)) {
                    completions.get(row.prompt()).add(row.completion());
                }
            }
        }
        return IntStream.range(0, prompts.size())
                .mapToObj(p -> new Group(prompts.get(p), completions.get(p)))
                .toList();
    }

    /** Gives back what is kept between calls; another call may follow. */
    @Override
    public void close() {
        model.close();
    }

    private void check(int[] prompt, int place) {
        if (prompt.length == 0) {
            throw new UserError(
                    "Prompt " + (place + 1)
                            + " is empty: a completion needs at least one token to follow; use a chat template or begin the text with a token.");
        }
        if (prompt.length >= model.context()) {
            throw new UserError("Prompt " + (place + 1) + " has " + prompt.length
                    + " tokens and leaves no room for a completion in the model's context of " + model.context()
                    + "; shorten or drop it, or use a model with a longer context.");
        }
        for (int id : prompt) {
            if (id < 0 || id >= model.vocabulary()) {
                throw new UserError("Prompt " + (place + 1) + " contains token " + id + ", but the model knows only "
                        + model.vocabulary() + " tokens; its tokenizer belongs to another model.");
            }
        }
    }

    /**
     * Prompts of like length together, longest first (equal ones in the caller's order), as many as fit the row budget.
     */
    private List<int[]> batches(List<int[]> prompts, int numGenerations) {
        int[] order = IntStream.range(0, prompts.size())
                .boxed()
                .sorted(Comparator.comparing(p -> -prompts.get(p).length))
                .mapToInt(Integer::intValue)
                .toArray();
        int size = Math.max(1, settings.maxRows() / numGenerations);
        List<int[]> batches = new ArrayList<>();
        for (int at = 0; at < order.length; at += size) {
            batches.add(Arrays.copyOfRange(order, at, Math.min(order.length, at + size)));
        }
        return batches;
    }

    private List<Row> run(
            int[] places,
            List<int[]> all,
            int numGenerations,
            SamplingOptions options,
            SampleKeys keys,
            GenerationBatch.Rules rules) {
        List<int[]> prompts = Arrays.stream(places).mapToObj(all::get).toList();
        List<Row> rows = new ArrayList<>();
        for (int place : places) {
            int limit = Math.min(options.maxCompletionLength(), model.context() - all.get(place).length);
            for (int sample = 0; sample < numGenerations; sample++) {
                rows.add(new Row(place, keys.key(place, sample), limit));
            }
        }
        int longest = rows.stream().mapToInt(Row::limit).max().orElseThrow();
        Optional<RepetitionPenalty> penalty = penalty(prompts, numGenerations, options);
        try (DecodingBatch batch = model.start(prompts, numGenerations, longest - 1);
                GenerationBatch generation = new GenerationBatch(batch, penalty, rules, rows, model.device())) {
            generation.run();
        } finally {
            penalty.ifPresent(RepetitionPenalty::close);
        }
        return rows;
    }

    private Optional<RepetitionPenalty> penalty(List<int[]> prompts, int numGenerations, SamplingOptions options) {
        if (options.repetitionPenalty() == 1) {
            return Optional.empty();
        }
        List<int[]> rows = prompts.stream()
                .flatMap(p -> IntStream.range(0, numGenerations).mapToObj(sample -> p))
                .toList();
        return Optional.of(
                new RepetitionPenalty(options.repetitionPenalty(), rows, model.vocabulary(), model.device()));
    }
}

package dev.flipside.rollout;

import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * One batch from its prompts to its last token. All rows start together, so token t of every row is chosen in the same
 * step.
 */
final class GenerationBatch implements AutoCloseable {
    private final DecodingBatch batch;
    private final Optional<RepetitionPenalty> penalty;
    private final Rules rules;
    private final Device device;
    private List<Row> rows;
    /** The newest token of every row on the device, int64 [rows, 1]. */
    private Optional<Tensor> newest = Optional.empty();

    /**
     * What every batch of a call shares.
     *
     * @param endIds tokens that end a completion
     * @param stop strings that end it
     * @param decode ids to text, for stop strings
     * @param newTokens told the number of tokens that each step added to completions
     * @param goOn told every token of a completion, and asked whether another is wanted
     */
    record Rules(
            TokenSampler sampler,
            Set<Integer> endIds,
            List<String> stop,
            Function<int[], String> decode,
            LongConsumer newTokens,
            IntPredicate goOn) {}

    /**
     * A batch that has not begun; the batch and the penalty stay the caller's to close.
     *
     * @param rows empty completions, in the batch's order; finished after {@link #run}
     * @param device of the batch
     */
    GenerationBatch(
            DecodingBatch batch, Optional<RepetitionPenalty> penalty, Rules rules, List<Row> rows, Device device) {
        this.batch = batch;
        this.penalty = penalty;
        this.rules = rules;
        this.rows = rows;
        this.device = device;
    }

    void run() {
        int[] tokens = new int[0];
        int length = 0;
        do {
            tokens = length == 0 ? tokens : withoutFinished(tokens, length);
            tokens = step(tokens, length);
            length++;
        } while (!rows.stream().allMatch(Row::done));
    }

    /** Chooses the token at place {@code index} of every completion, given the tokens before it. */
    private int[] step(int[] previous, int index) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor logits = index == 0 ? batch.afterPrompts() : batch.step(previous, newest.orElseThrow());
            double[] uniforms = rows.stream().mapToDouble(r -> r.uniform(index)).toArray();
            TokenSampler.Drawn drawn = rules.sampler().draw(logits, uniforms, penalty);
            penalty.ifPresent(p -> p.add(drawn.tokens()));
            keep(drawn.tokens());
            append(drawn.choices());
            return drawn.choices().tokens();
        } catch (NonFiniteLogits e) {
            throw new NonFiniteLogits("prompt", rows.get(e.place()).prompt());
        }
    }

    /** In the place of the tokens before. */
    private void keep(Tensor tokens) {
        close();
        newest = Optional.of(Scopes.keep(tokens));
    }

    private void append(TokenSampler.Choices choices) {
        int added = 0;
        for (int r = 0; r < rows.size(); r++) {
            Row row = rows.get(r);
            if (!row.done()) {
                row.append(choices.tokens()[r], choices.logprobs()[r], choices.logKeptMass()[r]);
                boolean wanted = rules.goOn().test(choices.tokens()[r]);
                if (ended(row, choices.tokens()[r])) {
                    row.finish(FinishReason.STOP);
                } else if (row.full() || !wanted) {
                    row.finish(FinishReason.LENGTH);
                }
                added++;
            }
        }
        rules.newTokens().accept(added);
    }

    private boolean ended(Row row, int token) {
        if (rules.endIds().contains(token)) {
            return true;
        }
        if (rules.stop().isEmpty()) {
            return false;
        }
        String text = rules.decode().apply(row.ids());
        return rules.stop().stream().anyMatch(text::contains);
    }

    /**
     * Takes finished rows out of the batch once they are a quarter of it: copying the caches of the others costs about
     * as much as a step or two, and so happens at most a few times per halving of the batch. A finished row may idle
     * along until then, but not beyond its own limit, where the model's context may end.
     *
     * @return the tokens of the rows that stay
     */
    private int[] withoutFinished(int[] tokens, int length) {
        long done = rows.stream().filter(Row::done).count();
        boolean mustLeave = rows.stream().anyMatch(r -> r.done() && r.limit() <= length);
        if (4 * done < rows.size() && !mustLeave) {
            return tokens;
        }
        int[] kept =
                IntStream.range(0, rows.size()).filter(r -> !rows.get(r).done()).toArray();
        batch.keepRows(kept);
        penalty.ifPresent(p -> p.keepRows(kept));
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor index = Tensors.ofLongs(IntStream.of(kept).asLongStream().toArray(), device, kept.length);
            keep(newest.orElseThrow().index_select(0, index));
        }
        int[] keptTokens = IntStream.of(kept).map(r -> tokens[r]).toArray();
        rows = IntStream.of(kept).mapToObj(rows::get).toList();
        return keptTokens;
    }

    @Override
    public void close() {
        newest.ifPresent(Scopes::release);
        newest = Optional.empty();
    }
}

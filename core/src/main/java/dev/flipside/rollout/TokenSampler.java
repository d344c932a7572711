package dev.flipside.rollout;

import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.StringViewOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Chooses the next token of every row of a batch in one pass.
 *
 * <p>The order is transformers': repetition penalty, suppressed ids, temperature, top_k, top_p, min_p. A token is drawn
 * by inverting the cumulative distribution at a uniform number that the caller derives from (key, token index);
 * {@code multinomial} would draw from a global generator, and costs 25 times as much in these bindings.
 */
public final class TokenSampler implements AutoCloseable {
    private static final Scalar NOTHING = Scopes.keep(new Scalar(0.0));
    private static final Scalar MINUS_INFINITY = Scopes.keep(new Scalar(Double.NEGATIVE_INFINITY));

    private final SamplingOptions options;
    /** Ids never to choose, int64 on the device; empty without any. */
    private final Optional<Tensor> suppressed;

    private final Device device;

    /**
     * What was chosen, one entry per row; {@link Completion} says what the numbers mean.
     *
     * @param tokens token ids
     * @param logprobs log-softmax(logits / temperature) at the token, without penalty and filters
     * @param logKeptMass log of the mass of that distribution that the filters kept; 0 for greedy choice or without
     *     filters
     */
    public record Choices(int[] tokens, double[] logprobs, double[] logKeptMass) {}

    /**
     * Choices, and their tokens on the device, int64 [rows, 1], for the model to go on with; those belong to the
     * caller's scope.
     */
    record Drawn(Choices choices, Tensor tokens) {}

    /**
     * A sampler for batches on one device, until {@link #close}.
     *
     * @param suppressedIds tokens never to choose, such as a padding token
     */
    public TokenSampler(SamplingOptions options, List<Integer> suppressedIds, Device device) {
        this.options = options;
        this.device = device;
        long[] ids = suppressedIds.stream().mapToLong(Integer::longValue).toArray();
        try (PointerScope scope = new PointerScope()) {
            suppressed = ids.length == 0
                    ? Optional.empty()
                    : Optional.of(Scopes.keep(Tensors.ofLongs(ids, device, ids.length)));
        }
    }

    /**
     * Chooses without a repetition penalty.
     *
     * @param logits float32 [rows, vocabulary]; not changed
     * @param uniforms one number in [0, 1) per row; not looked at when greedy
     * @throws UserError when a row's logits are not finite
     */
    public Choices choose(Tensor logits, double[] uniforms) {
        return choose(logits, uniforms, Optional.empty());
    }

    /** Chooses with the penalty on what the rows have seen; noting the chosen tokens is up to the caller. */
    Choices choose(Tensor logits, double[] uniforms, Optional<RepetitionPenalty> penalty) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            return draw(logits, uniforms, penalty).choices();
        }
    }

    /** The same in the caller's scope, without autograd. */
    Drawn draw(Tensor logits, double[] uniforms, Optional<RepetitionPenalty> penalty) {
        return options.greedy() || penalty.isPresent()
                ? apart(logits, uniforms, penalty)
                : fromOneSoftmax(tempered(logits), uniforms);
    }

    /**
     * Filters take tokens out of the softmax itself: what is left of its mass is the kept mass, and a token's entry its
     * probability without them.
     *
     * @param scaled logits / temperature
     */
    private Drawn fromOneSoftmax(Tensor scaled, double[] uniforms) {
        Tensor probabilities = torch.softmax(scaled, 1);
        suppressed.ifPresent(ids -> probabilities.index_fill_(1, ids, NOTHING));
        if (options.topK() > 0 || options.topP() < 1 || options.minP() > 0) {
            probabilities.masked_fill_(filtered(withoutSuppressed(scaled)).eq(MINUS_INFINITY), NOTHING);
        }
        Tensor cumulative = cumulative(probabilities);
        Tensor tokens = invert(probabilities, cumulative, uniforms);
        Optional<Tensor> logKept = filters() ? Optional.of(last(cumulative).log()) : Optional.empty();
        return read(tokens, probabilities.gather(1, tokens).log_(), logKept);
    }

    /** Tokens from processed scores, log-probabilities from plain ones. */
    private Drawn apart(Tensor logits, double[] uniforms, Optional<RepetitionPenalty> penalty) {
        Tensor scaled = tempered(logits);
        Tensor scores = scores(logits, penalty);
        Tensor tokens;
        if (options.greedy()) {
            tokens = argmax(scores);
        } else {
            Tensor probabilities = torch.softmax(scores, 1);
            tokens = invert(probabilities, cumulative(probabilities), uniforms);
        }
        Tensor logNormaliser = logSumExp(scaled);
        Tensor logprobs = scaled.gather(1, tokens).sub_(logNormaliser);
        Optional<Tensor> logKept =
                filters() ? Optional.of(logSumExp(kept(scaled, scores)).sub_(logNormaliser)) : Optional.empty();
        return read(tokens, logprobs, logKept);
    }

    /**
     * The processed scores [rows, vocabulary] that tokens are drawn from: minus infinity where a filter took a token
     * out.
     */
    Tensor scores(Tensor logits, Optional<RepetitionPenalty> penalty) {
        Tensor scores = withoutSuppressed(penalty.isPresent() ? penalty.get().apply(logits) : logits);
        return options.greedy() ? scores : filtered(tempered(scores));
    }

    private Tensor withoutSuppressed(Tensor scores) {
        return suppressed.map(ids -> LogitsFilters.suppress(scores, ids)).orElse(scores);
    }

    private Tensor filtered(Tensor tempered) {
        Tensor scores = tempered;
        if (options.topK() > 0) {
            scores = LogitsFilters.topK(scores, options.topK());
        }
        if (options.topP() < 1) {
            scores = LogitsFilters.topP(scores, options.topP());
        }
        return options.minP() > 0 ? LogitsFilters.minP(scores, options.minP()) : scores;
    }

    private Tensor tempered(Tensor logits) {
        return options.temperature() == 1 ? logits : logits.div(new Scalar(options.temperature()));
    }

    private boolean filters() {
        return !options.greedy()
                && (suppressed.isPresent() || options.topK() > 0 || options.topP() < 1 || options.minP() > 0);
    }

    /**
     * The first token whose cumulative probability exceeds u times the total. Sums are float64, so a token's chance is
     * right to about 1e-16 whatever its place in a large vocabulary. As u has 53 bits, u times the total is below the
     * total, and a token of probability zero does not move the sum, so neither can be chosen when sums never fall; a
     * parallel scan on a GPU may round otherwise, and then the most probable token stands in.
     */
    private Tensor invert(Tensor probabilities, Tensor cumulative, double[] uniforms) {
        long end = probabilities.size(1) - 1;
        Tensor targets =
                Tensors.on(Tensor.create(uniforms, uniforms.length, 1), device).mul(last(cumulative));
        Tensor tokens = torch.searchsorted(cumulative, targets, false, true, new StringViewOptional(), Tensors.NONE)
                .clamp_max_(new Scalar(end));
        return device.isCpu()
                ? tokens
                : torch.where(probabilities.gather(1, tokens).gt(NOTHING), tokens, argmax(probabilities));
    }

    private static Tensor cumulative(Tensor probabilities) {
        return probabilities.cumsum(1, new ScalarTypeOptional(ScalarType.Double));
    }

    /** The whole mass, [rows, 1]. */
    private static Tensor last(Tensor cumulative) {
        return cumulative.narrow(1, cumulative.size(1) - 1, 1);
    }

    private static Tensor argmax(Tensor scores) {
        return scores.argmax(new LongOptional(1), true);
    }

    private static Tensor logSumExp(Tensor scores) {
        return scores.logsumexp(new long[] {1}, true);
    }

    private static Tensor kept(Tensor scaled, Tensor scores) {
        return scaled.masked_fill(scores.eq(MINUS_INFINITY), MINUS_INFINITY);
    }

    /** One transfer for all rows; float64 holds ids and float32 values exactly. */
    private Drawn read(Tensor tokens, Tensor logprobs, Optional<Tensor> logKept) {
        int rows = Math.toIntExact(tokens.size(0));
        List<Tensor> figures =
                Stream.concat(Stream.of(tokens, logprobs), logKept.stream()).toList();
        Tensor all = torch.empty(
                new long[] {figures.size(), rows, 1}, device.options(ScalarType.Double), new MemoryFormatOptional());
        for (int i = 0; i < figures.size(); i++) {
            all.select(0, i).copy_(figures.get(i));
        }
        double[] values = Tensors.toDoubles(all);
        Choices choices = new Choices(new int[rows], new double[rows], new double[rows]);
        for (int r = 0; r < rows; r++) {
            choices.tokens[r] = (int) values[r];
            choices.logprobs[r] = values[rows + r];
            choices.logKeptMass[r] = logKept.isPresent() ? values[2 * rows + r] : 0;
            if (!Double.isFinite(choices.logprobs[r])) {
                throw new NonFiniteLogits("row", r);
            }
        }
        return new Drawn(choices, tokens);
    }

    @Override
    public void close() {
        suppressed.ifPresent(Scopes::release);
    }
}

package dev.flipside.model;

import dev.flipside.engine.Scopes;
import dev.flipside.model.family.DecoderConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Log-probabilities of completions with what their gradient needs, until {@link #close}. The temperature divides the
 * scores in both directions.
 */
public final class LogprobPass implements AutoCloseable {
    private final VocabularyHead head;
    private final List<CompletionBatch> batches;
    private final List<HiddenPass> passes = new ArrayList<>();
    private final List<float[]> normalisers = new ArrayList<>();
    private final TokenLogprobs result;
    private final double balanceWeight;

    LogprobPass(
            Decoder decoder,
            List<TokenRow> rows,
            double temperature,
            boolean gradientCheckpointing,
            OptionalLong dropoutKey) {
        head = new VocabularyHead(decoder, temperature);
        balanceWeight = decoder.config()
                .block()
                .experts()
                .map(DecoderConfig.Experts::balanceWeight)
                .orElse(0.0);
        batches = CompletionBatch.split(rows, decoder.config(), Batches.TOKENS);
        result = TokenLogprobs.sizedFor(rows);
        for (CompletionBatch batch : batches) {
            try (PointerScope scope = new PointerScope()) {
                passes.add(decoder.pass(batch.layout(), gradientCheckpointing, dropoutKey));
            }
            HiddenPass pass = passes.get(passes.size() - 1);
            normalisers.add(head.logprobs(pass.hidden(), batch, result, pass.dropout()));
        }
    }

    /** Per row and completion token. */
    public double[][] logprobs() {
        return result.logprobs();
    }

    /** Per row and completion token, in nats; no gradient is offered for them. */
    public double[][] entropies() {
        return result.entropies();
    }

    /**
     * {@link #backward(double[][], double)} of all rows of a step at once.
     *
     * @param gradLogprobs the loss's derivative with respect to each of {@link #logprobs}
     */
    public void backward(double[][] gradLogprobs) {
        backward(gradLogprobs, 1);
    }

    /**
     * Adds the gradient of a loss into the parameters' flat gradient, and with experts that of {@link #balanceLoss}
     * where config.json asks for it ({@code output_router_logits}, {@code router_aux_loss_coef}). May be called once.
     *
     * @param gradLogprobs the loss's derivative with respect to each of {@link #logprobs}
     * @param share of this pass in the step's tokens; weights the load-balancing loss
     */
    public void backward(double[][] gradLogprobs, double share) {
        passes.forEach(HiddenPass::requireFresh);
        for (int i = 0; i < batches.size(); i++) {
            try (PointerScope scope = new PointerScope()) {
                HiddenPass pass = passes.get(i);
                CompletionBatch batch = batches.get(i);
                Tensor gradHidden = head.backward(
                        pass.hidden(), batch, normalisers.get(i), batch.gather(gradLogprobs), pass.dropout());
                pass.backward(gradHidden, balanceWeight * share * share(i));
            }
        }
    }

    /** How unevenly routers used their experts (1 is even, see {@code RouterBalance}); 0 without experts. */
    public double balanceLoss() {
        double sum = 0;
        for (int i = 0; i < passes.size(); i++) {
            sum += share(i) * passes.get(i).balanceLoss();
        }
        return sum;
    }

    /** Of a batch in all tokens. */
    private double share(int batch) {
        long all = batches.stream().mapToLong(b -> b.layout().tokens()).sum();
        return (double) batches.get(batch).layout().tokens() / all;
    }

    @Override
    public void close() {
        passes.forEach(HiddenPass::close);
    }

    /** The same numbers without anything to go backward with. */
    static TokenLogprobs withoutGradient(Decoder decoder, List<TokenRow> rows, double temperature) {
        VocabularyHead head = new VocabularyHead(decoder, temperature);
        TokenLogprobs result = TokenLogprobs.sizedFor(rows);
        for (CompletionBatch batch : CompletionBatch.split(rows, decoder.config(), Batches.TOKENS)) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                head.logprobs(decoder.hidden(batch.layout()), batch, result, Optional.empty());
            }
        }
        return result;
    }
}

package dev.flipside.model;

import dev.flipside.engine.Scopes;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.bytedeco.javacpp.PointerScope;

/** Log-probabilities of completions with what their gradient needs, until {@link #close}. The temperature divides the scores in both directions. */
public final class LogprobPass implements AutoCloseable {
    private final VocabularyHead head;
    private final List<CompletionBatch> batches;
    private final List<HiddenPass> passes = new ArrayList<>();
    private final List<float[]> normalisers = new ArrayList<>();
    private final TokenLogprobs result;

    LogprobPass(
            Decoder decoder,
            List<TokenRow> rows,
            double temperature,
            boolean gradientCheckpointing,
            OptionalLong dropoutKey) {
        head = new VocabularyHead(decoder, temperature);
        batches = CompletionBatch.split(rows, decoder.config().vocabSize(), Batches.TOKENS);
        result = TokenLogprobs.sizedFor(rows);
        for (CompletionBatch batch : batches) {
            try (PointerScope scope = new PointerScope()) {
                passes.add(decoder.pass(batch.layout(), gradientCheckpointing, dropoutKey));
            }
            normalisers.add(head.logprobs(passes.get(passes.size() - 1).hidden(), batch, result));
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
     * Adds the gradient of a loss into the parameters' flat gradient. May be called once.
     *
     * @param gradLogprobs the loss's derivative with respect to each of {@link #logprobs}
     */
    public void backward(double[][] gradLogprobs) {
        passes.forEach(HiddenPass::requireFresh);
        for (int i = 0; i < batches.size(); i++) {
            try (PointerScope scope = new PointerScope()) {
                HiddenPass pass = passes.get(i);
                CompletionBatch batch = batches.get(i);
                pass.backward(head.backward(pass.hidden(), batch, normalisers.get(i), batch.gather(gradLogprobs)));
            }
        }
    }

    @Override
    public void close() {
        passes.forEach(HiddenPass::close);
    }

    /** The same numbers without anything to go backward with. */
    static TokenLogprobs withoutGradient(Decoder decoder, List<TokenRow> rows, double temperature) {
        VocabularyHead head = new VocabularyHead(decoder, temperature);
        TokenLogprobs result = TokenLogprobs.sizedFor(rows);
        for (CompletionBatch batch :
                CompletionBatch.split(rows, decoder.config().vocabSize(), Batches.TOKENS)) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                head.logprobs(decoder.hidden(batch.layout()), batch, result);
            }
        }
        return result;
    }
}

package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Log-softmax over the vocabulary at chosen positions, forward and backward by hand.
 *
 * <p>Works on chunks of positions, so scores of the whole vocabulary are never held for a whole batch; the backward pass computes them again. With
 * z = h E^T / temperature, the gradient of log p(t) with respect to z is one-hot(t) - softmax(z).
 */
final class VocabularyHead {
    /** Scores held at a time: 64 MB of float32. */
    static final long CHUNK_SCORES = 1 << 24;

    private final Decoder decoder;
    private final double temperature;

    VocabularyHead(Decoder decoder, double temperature) {
        if (!(temperature > 0)) {
            throw new IllegalArgumentException("temperature " + temperature);
        }
        this.decoder = decoder;
        this.temperature = temperature;
    }

    /**
     * Log-probabilities and entropies of one distribution per row.
     *
     * @param logprobs of the targets, [N]
     * @param entropies in nats, [N]
     */
    record Chosen(Tensor logprobs, Tensor entropies) {
        /**
         * @param scores [N, V], already divided by the temperature
         * @param targets int64 [N]
         */
        static Chosen of(Tensor scores, Tensor targets) {
            // The logarithm of a softmax entry would be minus infinity for very unlikely tokens.
            Tensor normaliser = scores.logsumexp(new long[] {-1}, true);
            Tensor logprobs = scores.gather(1, targets.unsqueeze(1)).sub(normaliser);
            Tensor expected = scores.sub(normaliser).exp_().mul_(scores).sum(-1);
            return new Chosen(logprobs.squeeze(1), normaliser.squeeze(1).sub(expected));
        }
    }

    /** Of every completion token of a batch, from its hidden states [B, T, D]. */
    void logprobs(Tensor hidden, CompletionBatch batch, TokenLogprobs into) {
        int n = batch.targets().length;
        float[] logprobs = new float[n];
        float[] entropies = new float[n];
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor states = batch.predicting(hidden, device());
            Tensor targets = Tensors.ofLongs(batch.targets(), device(), n);
            forEachChunk(n, (at, length) -> {
                Chosen chosen = Chosen.of(scores(states.narrow(0, at, length)), targets.narrow(0, at, length));
                System.arraycopy(Tensors.toFloats(chosen.logprobs()), 0, logprobs, at, length);
                System.arraycopy(Tensors.toFloats(chosen.entropies()), 0, entropies, at, length);
            });
        }
        batch.scatter(logprobs, into.logprobs());
        batch.scatter(entropies, into.entropies());
    }

    /**
     * Adds the head's gradient to its weight's and returns the one for the hidden states.
     *
     * @param gradLogprobs one number per completion token, row after row
     * @return float32 [B, T, D], zero where nothing is predicted; belongs to the caller's scope
     */
    Tensor backward(Tensor hidden, CompletionBatch batch, float[] gradLogprobs) {
        return Scopes.scoped(() -> {
            Tensor gradHidden = torch.zeros_like(hidden);
            try (Scopes.Frozen scope = Scopes.frozen()) {
                int n = batch.targets().length;
                Tensor states = batch.predicting(hidden, device());
                Tensor gradStates = torch.zeros_like(states);
                Tensor targets = Tensors.ofLongs(batch.targets(), device(), n).unsqueeze(1);
                Tensor weights = Tensors.ofFloats(gradLogprobs, device(), n, 1);
                forEachChunk(
                        n,
                        (at, length) -> backwardChunk(
                                states.narrow(0, at, length),
                                targets.narrow(0, at, length),
                                weights.narrow(0, at, length),
                                gradStates.narrow(0, at, length)));
                gradHidden
                        .view(-1, hidden.size(-1))
                        .index_add_(0, Tensors.ofLongs(batch.positions(), device(), n), gradStates);
            }
            return gradHidden;
        });
    }

    private void backwardChunk(Tensor states, Tensor targets, Tensor weights, Tensor gradStates) {
        Tensor head = decoder.weights().get(decoder.headName());
        Tensor scaled = weights.div(new Scalar(temperature));
        Tensor gradScores = scores(states).softmax(-1).mul_(scaled.neg());
        gradScores.scatter_add_(1, targets, scaled);
        try (Autocast autocast = new Autocast(decoder.precision())) {
            gradStates.copy_(torch.mm(gradScores, head.detach()));
            if (decoder.precision() == Precision.FLOAT32) {
                head.grad().addmm_(gradScores.t(), states);
            } else {
                // In-place products are not autocast.
                head.grad().add_(torch.mm(gradScores.t(), states));
            }
        }
    }

    private Tensor scores(Tensor states) {
        Tensor head = decoder.weights().get(decoder.headName()).detach();
        try (Autocast autocast = new Autocast(decoder.precision())) {
            return torch.linear(states, head).to(ScalarType.Float).div_(new Scalar(temperature));
        }
    }

    private void forEachChunk(int n, ChunkConsumer consumer) {
        int rows = (int) Math.max(1, CHUNK_SCORES / decoder.config().vocabSize());
        for (int at = 0; at < n; at += rows) {
            try (PointerScope scope = new PointerScope()) {
                consumer.accept(at, Math.min(rows, n - at));
            }
        }
    }

    private Device device() {
        return decoder.device();
    }

    private interface ChunkConsumer {
        void accept(int at, int length);
    }
}

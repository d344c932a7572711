package dev.flipside.model;

import dev.flipside.engine.DenseProducts;
import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Log-softmax over the vocabulary at chosen positions, forward and backward by hand.
 *
 * <p>Works on blocks of positions by tokens of the vocabulary that stay in the processor's cache; scores of a whole
 * vocabulary are never held for a whole batch, and the backward pass computes them again. With z = h E^T / temperature,
 * c the gradient of log p(t), and p = softmax(z): dz = c (onehot(t) - p); with a soft cap times the derivative of the
 * cap.
 */
final class VocabularyHead {
    /** Scores of a block on the CPU: 8 MB of float32, a share of the last cache. */
    private static final long CPU_BLOCK = 1 << 21;

    /** On a GPU, which wants large products: 64 MB. */
    private static final long GPU_BLOCK = 1 << 24;

    /**
     * Tokens of the vocabulary in a block, unless it has fewer: with as many positions, products are large enough to
     * run at full speed.
     */
    private static final long BLOCK_TOKENS = 4096;

    private final Decoder decoder;
    private final double temperature;
    /** Of the scores before the temperature. */
    private final OptionalDouble cap;

    VocabularyHead(Decoder decoder, double temperature) {
        if (!(temperature > 0)) {
            throw new IllegalArgumentException("temperature " + temperature);
        }
        this.decoder = decoder;
        this.temperature = temperature;
        cap = decoder.config().scales().logitSoftCap();
    }

    /** The most scores that are held at a time. */
    static long scoresHeld(Device device) {
        return device.isCpu() ? CPU_BLOCK : GPU_BLOCK;
    }

    /**
     * What softmaxes over a part of the vocabulary leave.
     *
     * @param figures [2, N]: the normaliser of each row, which is the log of the sum of its exponentials, and the
     *     softmax's entropy in nats
     */
    record Softmax(Tensor figures) {
        /** @param scores [N, part of the vocabulary], overwritten */
        static Softmax of(Tensor scores) {
            Tensor probabilities = scores.softmax(-1);
            // The most likely token's probability is at least one over their number, so its logarithm is exact.
            Tensor normaliser = scores.amax(new long[] {1}, false)
                    .sub(probabilities.amax(new long[] {1}, false).log_());
            // Of log-probabilities, not of scores: these are so large that an error in the sum of the probabilities, of
            // float32 over a vocabulary, would count twenty times.
            Tensor logs = scores.sub_(normaliser.unsqueeze(1));
            return of(normaliser, probabilities.mul_(logs).sum(1L).neg_());
        }

        private static Softmax of(Tensor normaliser, Tensor entropy) {
            return new Softmax(torch.stack(new TensorVector(normaliser, entropy), 0));
        }

        /** The softmax over all parts together. */
        static Softmax merge(List<Softmax> parts) {
            // [parts, 2, N]
            Tensor all = torch.stack(
                    new TensorVector(parts.stream().map(Softmax::figures).toArray(Tensor[]::new)), 0);
            Tensor normalisers = all.select(1, 0);
            Tensor normaliser = normalisers.logsumexp(new long[] {0}, true);
            Tensor logShares = normalisers.sub(normaliser);
            Tensor entropies = all.select(1, 1).sub(logShares);
            return of(normaliser.squeeze(0), logShares.exp_().mul_(entropies).sum(0L));
        }

        Tensor normaliser() {
            return figures.select(0, 0);
        }

        /** Entropies of the rows in nats, [N]. */
        Tensor entropies() {
            return figures.select(0, 1);
        }

        /**
         * Log-probabilities of tokens from their scores [N]. A logarithm of a softmax entry would be minus infinity for
         * very unlikely ones.
         */
        Tensor logprobs(Tensor scores) {
            return scores.sub(normaliser());
        }
    }

    /**
     * Of every completion token of a batch, from its hidden states [B, T, D].
     *
     * @param dropout of the pass that the hidden states come from
     * @return the normaliser of each, which {@link #backward} wants back
     */
    float[] logprobs(Tensor hidden, CompletionBatch batch, TokenLogprobs into, Optional<LoraDropout> dropout) {
        int n = batch.targets().length;
        float[] figures;
        try (Scopes.Frozen scope = Scopes.frozen()) {
            VocabularyMatrix matrix = decoder.weights().vocabulary(dropout);
            Tensor states = tempered(batch.predicting(matrix.inputs(hidden), device()));
            Tensor targets = Tensors.ofLongs(batch.targets(), device(), n);
            // Log-probabilities, entropies and normalisers, which come to the host in one transfer.
            Tensor all = torch.empty(new long[] {3, n}, device().options(ScalarType.Float), new MemoryFormatOptional());
            forEachRowBlock(n, (at, length) -> {
                Tensor rows = states.narrow(0, at, length);
                List<Softmax> parts = new ArrayList<>();
                forEachTokenBlock((from, tokens) -> parts.add(new Softmax(Scopes.scoped(
                        () -> Softmax.of(scores(matrix, rows, from, tokens)).figures()))));
                Softmax softmax = Softmax.merge(parts);
                Tensor chosen = targetScores(matrix, rows, targets.narrow(0, at, length));
                Tensor block = all.narrow(1, at, length);
                block.select(0, 0).copy_(softmax.logprobs(chosen));
                block.select(0, 1).copy_(softmax.entropies());
                block.select(0, 2).copy_(softmax.normaliser());
            });
            figures = Tensors.toFloats(all);
        }
        batch.scatter(Arrays.copyOf(figures, n), into.logprobs());
        batch.scatter(Arrays.copyOfRange(figures, n, 2 * n), into.entropies());
        return Arrays.copyOfRange(figures, 2 * n, 3 * n);
    }

    private Tensor targetScores(VocabularyMatrix matrix, Tensor states, Tensor targets) {
        return capped(targetProducts(matrix, states, targets));
    }

    private Tensor targetProducts(VocabularyMatrix matrix, Tensor states, Tensor targets) {
        if (decoder.precision() != Precision.BFLOAT16) {
            return states.mul(matrix.rows(targets)).sum(1L);
        }
        // In the precision of the products that the normaliser comes from.
        Tensor targetRows = matrix.rows(targets).to(ScalarType.BFloat16).to(ScalarType.Float);
        return states.to(ScalarType.BFloat16)
                .to(ScalarType.Float)
                .mul(targetRows)
                .sum(1L);
    }

    /**
     * Adds the head's gradient to its weight's, if it learns, and returns the one for the hidden states.
     *
     * @param normalisers what {@link #logprobs} returned
     * @param gradLogprobs one number per completion token, row after row
     * @return float32 [B, T, D], zero where nothing is predicted; belongs to the caller's scope
     */
    Tensor backward(
            Tensor hidden,
            CompletionBatch batch,
            float[] normalisers,
            float[] gradLogprobs,
            Optional<LoraDropout> dropout) {
        return Scopes.scoped(() -> {
            try (NoGradGuard guard = new NoGradGuard()) {
                VocabularyMatrix matrix = decoder.weights().vocabulary(dropout);
                Tensor inputs = matrix.inputs(hidden);
                Tensor gradInputs = torch.zeros_like(inputs);
                addGradients(matrix, inputs, batch, normalisers, gradLogprobs, gradInputs);
                return matrix.throughInputs(hidden, gradInputs);
            }
        });
    }

    private void addGradients(
            VocabularyMatrix matrix,
            Tensor inputs,
            CompletionBatch batch,
            float[] normalisers,
            float[] gradLogprobs,
            Tensor gradInputs) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            int n = batch.targets().length;
            Tensor states = tempered(batch.predicting(inputs, device()));
            Tensor targets = Tensors.ofLongs(batch.targets(), device(), n);
            Tensor weights = Tensors.ofFloats(gradLogprobs, device(), n, 1);
            Tensor logSums = Tensors.ofFloats(normalisers, device(), n, 1);
            Tensor towards = cap.isEmpty()
                    ? weights
                    : weights.mul(
                            derivative(targetScores(matrix, states, targets)).unsqueeze(1));
            // Towards the targets ...
            Tensor gradStates = matrix.rows(targets).mul_(towards);
            matrix.addGradient(targets, states.mul(towards));
            // ... and away from what the model expects.
            Tensor negated = states.mul(weights).neg_();
            forEachRowBlock(
                    n,
                    (at, length) -> forEachTokenBlock((from, tokens) -> backwardBlock(
                            matrix,
                            states.narrow(0, at, length),
                            logSums.narrow(0, at, length),
                            negated.narrow(0, at, length),
                            weights.narrow(0, at, length),
                            gradStates.narrow(0, at, length),
                            from,
                            tokens)));
            gradInputs
                    .view(-1, inputs.size(-1))
                    .index_add_(0, Tensors.ofLongs(batch.positions(), device(), n), tempered(gradStates));
        }
    }

    private void backwardBlock(
            VocabularyMatrix matrix,
            Tensor states,
            Tensor logSums,
            Tensor negated,
            Tensor weights,
            Tensor gradStates,
            long from,
            long tokens) {
        try (PointerScope scope = new PointerScope();
                Autocast autocast = new Autocast(decoder.precision(), decoder.device())) {
            Tensor scores = scores(matrix, states, from, tokens);
            Tensor derivative = cap.isEmpty() ? scores : derivative(scores);
            Tensor probabilities = scores.sub_(logSums).exp_();
            if (cap.isPresent()) {
                probabilities.mul_(derivative);
            }
            Tensor part = matrix.rows(from, tokens);
            gradStates.addcmul_(
                    DenseProducts.gradInput(probabilities, part).to(ScalarType.Float), weights, new Scalar(-1.0));
            matrix.addGradient(from, probabilities, negated);
        }
    }

    /** float32 [N, tokens]. */
    private Tensor scores(VocabularyMatrix matrix, Tensor states, long from, long tokens) {
        try (Autocast autocast = new Autocast(decoder.precision(), decoder.device())) {
            return capped(DenseProducts.linear(states, matrix.rows(from, tokens), Tensors.NONE)
                    .to(ScalarType.Float));
        }
    }

    /**
     * Hidden states divided so that their product with the head is a score: by the temperature and by the constant that
     * a family has for its scores. Where scores are capped the temperature comes after, in {@link #scores}. Also the
     * reverse way, for gradients.
     */
    private Tensor tempered(Tensor states) {
        double divisor =
                (cap.isPresent() ? 1 : temperature) / decoder.config().scales().logits();
        return divisor == 1 ? states : states.div(new Scalar(divisor));
    }

    /** c tanh(x / c) / temperature of products where the model has a cap. */
    private Tensor capped(Tensor products) {
        return cap.isEmpty()
                ? products
                : products.div(new Scalar(cap.getAsDouble())).tanh_().mul_(new Scalar(cap.getAsDouble() / temperature));
    }

    /** The derivative of a capped score, from it, with respect to its product: (1 - tanh^2) / temperature. */
    private Tensor derivative(Tensor scores) {
        return scores.mul(new Scalar(temperature / cap.orElseThrow()))
                .square_()
                .neg_()
                .add_(new Scalar(1.0))
                .div_(new Scalar(temperature));
    }

    private long tokensOfBlock() {
        return Math.min(decoder.config().vocabSize(), BLOCK_TOKENS);
    }

    private void forEachRowBlock(int n, BlockConsumer consumer) {
        int rows = Math.toIntExact(Math.max(1, scoresHeld(device()) / tokensOfBlock()));
        for (int at = 0; at < n; at += rows) {
            try (PointerScope scope = new PointerScope()) {
                consumer.accept(at, Math.min(rows, n - at));
            }
        }
    }

    private void forEachTokenBlock(BlockConsumer consumer) {
        int tokens = Math.toIntExact(tokensOfBlock());
        for (int from = 0; from < decoder.config().vocabSize(); from += tokens) {
            consumer.accept(from, Math.min(tokens, decoder.config().vocabSize() - from));
        }
    }

    private Device device() {
        return decoder.device();
    }

    private interface BlockConsumer {
        void accept(int at, int length);
    }
}

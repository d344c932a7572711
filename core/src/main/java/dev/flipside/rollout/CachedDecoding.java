package dev.flipside.rollout;

import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import dev.flipside.model.CausalLm;
import dev.flipside.model.Decoder;
import dev.flipside.model.DecodingWeights;
import dev.flipside.model.GroupDecoding;
import dev.flipside.model.KvCache;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * Decoding with the model's own weights: by the planned steps of {@link GroupDecoding} where
 * {@link dev.flipside.model.DecoderPlan} has them, else by the layers that training runs, over a key-value cache.
 */
final class CachedDecoding implements DecodingModel {
    private final CausalLm lm;
    /** Kept from batch to batch. */
    private Optional<DecodingWeights> packed = Optional.empty();

    CachedDecoding(CausalLm lm) {
        this.lm = lm;
    }

    @Override
    public int context() {
        return lm.decoder().config().maxPositionEmbeddings();
    }

    @Override
    public int vocabulary() {
        return lm.decoder().config().vocabSize();
    }

    @Override
    public Set<Integer> endIds() {
        return lm.files().eosIds();
    }

    @Override
    public Device device() {
        return lm.decoder().device();
    }

    @Override
    public DecodingBatch start(List<int[]> prompts, int rowsPerPrompt, int steps) {
        if (lm.decoder().plan().decoding()) {
            DecodingWeights weights = packed(prompts.size() * rowsPerPrompt);
            return new PlannedBatch(
                    lm.decoder(), new GroupDecoding(weights, prompts, rowsPerPrompt, steps), rowsPerPrompt);
        }
        int[] copies = new int[prompts.size()];
        Arrays.fill(copies, rowsPerPrompt);
        return new CachedBatch(lm.decoder(), lm.decoder().prefill(prompts, copies, steps), rowsPerPrompt);
    }

    private DecodingWeights packed(int rows) {
        if (packed.filter(DecodingWeights::current).isEmpty()) {
            close();
            packed = Optional.of(new DecodingWeights(lm.decoder(), rows));
        }
        return packed.get();
    }

    @Override
    public void close() {
        packed.ifPresent(DecodingWeights::close);
        packed = Optional.empty();
    }

    /** The scores after each prompt, once for every row of it. */
    private static Tensor logits(Decoder decoder, Tensor promptHidden, int rowsPerPrompt) {
        Tensor perPrompt = decoder.logits(promptHidden);
        long prompts = perPrompt.size(0);
        long vocabulary = perPrompt.size(1);
        return perPrompt
                .unsqueeze(1)
                .expand(prompts, rowsPerPrompt, vocabulary)
                .reshape(prompts * rowsPerPrompt, vocabulary);
    }

    private record PlannedBatch(Decoder decoder, GroupDecoding groups, int rowsPerPrompt) implements DecodingBatch {
        @Override
        public Tensor afterPrompts() {
            return logits(decoder, groups.promptHidden(), rowsPerPrompt);
        }

        @Override
        public Tensor step(int[] tokens) {
            return groups.step(tokens);
        }

        @Override
        public void keepRows(int[] rows) {
            groups.keepRows(rows);
        }

        @Override
        public void close() {
            groups.close();
        }
    }

    private record CachedBatch(Decoder decoder, KvCache cache, int rowsPerPrompt) implements DecodingBatch {
        @Override
        public Tensor afterPrompts() {
            return logits(decoder, cache.promptHidden(), rowsPerPrompt);
        }

        @Override
        public Tensor step(int[] tokens) {
            long[] ids = Arrays.stream(tokens).asLongStream().toArray();
            return step(tokens, Tensors.ofLongs(ids, decoder.device(), ids.length, 1));
        }

        @Override
        public Tensor step(int[] tokens, Tensor there) {
            return decoder.logits(decoder.step(there, cache));
        }

        @Override
        public void keepRows(int[] rows) {
            cache.keepRows(rows);
        }

        @Override
        public void close() {
            cache.close();
        }
    }
}

package dev.flipside.model;

import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Runs prompts through the decoder, each once, and hands what they leave to whoever decodes on. */
final class Prefill {
    private Prefill() {}

    /** Takes one prompt's rotated keys and values of one layer, [KV, T, headDim] each. */
    @FunctionalInterface
    interface Store {
        void put(int layer, int prompt, Tensor keys, Tensor values);
    }

    /** @param promptHidden float32 [prompts, D], receives the hidden state after each prompt's last token */
    static void run(Decoder decoder, List<int[]> prompts, Store store, Tensor promptHidden) {
        for (int[] numbers : Batches.byLength(prompts, Batches.TOKENS)) {
            try (Scopes.Frozen scope = Scopes.frozen();
                    Autocast autocast = new Autocast(decoder.precision())) {
                int[][] rows = Batches.select(prompts, numbers);
                Tensor ids = Tensors.padded(rows, decoder.device());
                Decoder.KeysAndValues storing = (layer, keys, values) -> {
                    for (int i = 0; i < rows.length; i++) {
                        store.put(layer, numbers[i], first(keys, i, rows[i].length), first(values, i, rows[i].length));
                    }
                };
                Tensor hidden = PlannedAttention.supports(decoder)
                        ? decoder.planned(new RowLayout.Padded(rows), decoder.embed(ids), storing)
                        : functional(decoder, ids, storing);
                for (int i = 0; i < rows.length; i++) {
                    promptHidden.select(0, numbers[i]).copy_(hidden.select(0, i).select(0, rows[i].length - 1L));
                }
            }
        }
    }

    private static Tensor functional(Decoder decoder, Tensor ids, Decoder.KeysAndValues storing) {
        long tokens = ids.size(1);
        CausalAttention causal = decoder.causal(tokens);
        DecoderLayer.Attention attention = (layer, q, k, v) -> {
            storing.put(layer, k.transpose(1, 2), v.transpose(1, 2));
            return causal.apply(layer, q, k, v);
        };
        return decoder.finalNorm(
                decoder.blocks(decoder.embed(ids), decoder.rope().upTo(tokens), attention));
    }

    private static Tensor first(Tensor x, int row, int tokens) {
        return x.select(0, row).narrow(1, 0, tokens);
    }
}

package dev.flipside.model;

import dev.flipside.engine.Scopes;
import java.util.Arrays;
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

    /**
     * @param promptHidden float32 [prompts, D], receives the hidden state after each prompt's last token
     * @param newTokens how many tokens each prompt may gain
     */
    static void run(Decoder decoder, List<int[]> prompts, Store store, Tensor promptHidden, int newTokens) {
        for (int[] numbers : Batches.byLength(prompts, Batches.TOKENS)) {
            try (Scopes.Frozen scope = Scopes.frozen();
                    Autocast autocast = new Autocast(decoder.precision(), decoder.device())) {
                int[][] rows = Batches.select(prompts, numbers);
                RowLayout layout = new PaddedLayout(rows);
                Decoder.KeysAndValues storing = (layer, keys, values) -> {
                    for (int i = 0; i < rows.length; i++) {
                        store.put(layer, numbers[i], first(keys, i, rows[i].length), first(values, i, rows[i].length));
                    }
                };
                Tensor hidden = decoder.plan().attention()
                        ? decoder.planned(layout, decoder.embed(layout), storing)
                        : functional(decoder, rows, newTokens, storing);
                for (int i = 0; i < rows.length; i++) {
                    promptHidden.select(0, numbers[i]).copy_(hidden.select(0, i).select(0, rows[i].length - 1L));
                }
            }
        }
    }

    private static Tensor functional(Decoder decoder, int[][] rows, int newTokens, Decoder.KeysAndValues storing) {
        int tokens = RowLayout.longest(rows);
        int[] lengths = Arrays.stream(rows).mapToInt(row -> row.length).toArray();
        int[] contexts = Arrays.stream(lengths).map(n -> n + newTokens).toArray();
        CausalAttention causal = decoder.causal(tokens);
        Attention attention = (layer, q, k, v) -> {
            storing.put(layer, k.transpose(1, 2), v.transpose(1, 2));
            return causal.apply(layer, q, k, v);
        };
        LayerAngles angles = decoder.rotary()
                .ofPrompts(tokens, lengths, RotaryTables.beyond(decoder.config(), contexts, decoder.device()));
        Tensor embedded = decoder.embed(new PaddedLayout(rows));
        return decoder.finalNorm(decoder.blocks(embedded, angles, attention, RouterListener.NONE));
    }

    private static Tensor first(Tensor x, int row, int tokens) {
        return x.select(0, row).narrow(1, 0, tokens);
    }
}

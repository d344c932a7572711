package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Greedy continuation without a cache: the whole text again for every token. */
final class Greedy {
    private Greedy() {}

    static List<Integer> uncached(CausalLm lm, int[] prompt, int newTokens) {
        List<Integer> continuation = new ArrayList<>();
        int[] ids = prompt;
        for (int n = 0; n < newTokens; n++) {
            float[] scores = lastLogits(lm, ids);
            continuation.add(argmax(scores));
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = continuation.get(n);
        }
        return continuation;
    }

    static float[] lastLogits(CausalLm lm, int[] ids) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor hidden = lm.decoder().hidden(Tensors.padded(new int[][] {ids}, Device.CPU));
            return Tensors.toFloats(lm.decoder().logits(hidden.select(0, 0).select(0, ids.length - 1L)));
        }
    }

    static int argmax(float[] scores) {
        int best = 0;
        for (int i = 1; i < scores.length; i++) {
            best = scores[i] > scores[best] ? i : best;
        }
        return best;
    }
}

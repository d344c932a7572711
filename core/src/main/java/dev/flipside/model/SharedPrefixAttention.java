package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.DecoderConfig;
import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;

/**
 * Attention over a {@link SharedPrefixLayout}: prefixes among themselves, continuations to their prefix and to their
 * own earlier tokens.
 */
final class SharedPrefixAttention implements Attention {
    private final SharedPrefixLayout layout;
    private final DecoderConfig config;
    private final ScaledDotProducts products;
    private final CausalAttention causal;
    private final boolean oneSize;
    private final Tensor prefixOf;
    private final Tensor mask;
    private final Optional<Tensor> slidingMask;

    /** Masks belong to the caller's scope. */
    SharedPrefixAttention(SharedPrefixLayout layout, Decoder decoder) {
        this.layout = layout;
        config = decoder.config();
        products = ScaledDotProducts.of(config);
        causal = decoder.causal(layout.prefixSlots());
        oneSize = layout.groupsOfOneSize();
        Device device = decoder.device();
        prefixOf = Tensors.ofLongs(
                Arrays.stream(layout.prefixOf()).asLongStream().toArray(), device, layout.prefixOf().length);
        mask = mask(Integer.MAX_VALUE, device);
        int window = config.attention().slidingWindow().orElse(Integer.MAX_VALUE);
        slidingMask = window < layout.prefixSlots() + layout.continuationSlots()
                ? Optional.of(mask(window, device))
                : Optional.empty();
    }

    /**
     * True where a continuation's token may look, [B or 1, 1, Tc, Sp + Tc]; one row stands for all when their prefixes
     * are equally long.
     */
    private Tensor mask(int window, Device device) {
        int rows = layout.prefixesOfOneLength() ? 1 : layout.continuations().length;
        int slots = layout.prefixSlots();
        int queries = layout.continuationSlots();
        int keys = slots + queries;
        boolean[] seen = new boolean[Math.multiplyExact(rows, Math.multiplyExact(queries, keys))];
        int at = 0;
        for (int r = 0; r < rows; r++) {
            int prefix = layout.prefixLength(r);
            for (int q = 0; q < queries; q++, at += keys) {
                // Position of the query: prefix + q. It sees itself and the window - 1 positions before it.
                int oldest = Math.max(0, prefix + q - window + 1);
                if (oldest < prefix) {
                    Arrays.fill(seen, at + oldest, at + prefix, true);
                }
                Arrays.fill(seen, at + slots + Math.max(0, oldest - prefix), at + slots + q + 1, true);
            }
        }
        return Tensors.ofBooleans(seen, device, rows, 1, queries, keys);
    }

    @Override
    public Tensor apply(int layer, Tensor q, Tensor k, Tensor v) {
        long heads = config.heads();
        Tensor ofPrefixes = causal.apply(layer, prefixes(q), prefixes(k), prefixes(v));
        boolean sliding = slidingMask.isPresent() && config.window(layer).isPresent();
        Tensor ofContinuations = products.apply(
                        continuations(q).transpose(1, 2),
                        causal.keys(wholeRows(k)).transpose(1, 2),
                        causal.keys(wholeRows(v)).transpose(1, 2),
                        new TensorOptional(sliding ? slidingMask.get() : mask),
                        false,
                        causal.sharesKeys())
                .transpose(1, 2);
        long width = heads * config.headDim();
        return Tensors.cat(1, ofPrefixes.reshape(1, -1, width), ofContinuations.reshape(1, -1, width));
    }

    /** [1, N, h, headDim] to [P, Sp, h, headDim]. */
    private Tensor prefixes(Tensor x) {
        return x.narrow(1, 0, layout.prefixTokens())
                .view(layout.prefixes().length, layout.prefixSlots(), x.size(2), config.headDim());
    }

    /** [1, N, h, headDim] to [B, Tc, h, headDim]. */
    private Tensor continuations(Tensor x) {
        long from = layout.prefixTokens();
        return x.narrow(1, from, x.size(1) - from)
                .view(layout.continuations().length, layout.continuationSlots(), x.size(2), config.headDim());
    }

    /** Keys or values of every row behind those of its prefix, [B, Sp + Tc, KV, headDim]. */
    private Tensor wholeRows(Tensor x) {
        Tensor prefixes = prefixes(x);
        Tensor continuations = continuations(x);
        if (!oneSize) {
            return Tensors.cat(1, prefixes.index_select(0, prefixOf), continuations);
        }
        long count = prefixes.size(0);
        long group = continuations.size(0) / count;
        long[] expanded = {count, group, prefixes.size(1), x.size(2), config.headDim()};
        long[] grouped = {count, group, continuations.size(1), x.size(2), config.headDim()};
        return Tensors.cat(2, prefixes.unsqueeze(1).expand(expanded), continuations.view(grouped))
                .view(count * group, -1, x.size(2), config.headDim());
    }
}

package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.DecoderConfig;
import java.util.Optional;
import java.util.OptionalInt;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Every token sees itself and the earlier tokens of its row, or the latest of them in a sliding layer. Right padding is
 * never seen.
 */
final class CausalAttention implements Attention {
    /** Rows up to which one mask serves; of more, queries come in blocks where no kernel of torch's spares a table. */
    private static final long WHOLE = 2048;

    /** Queries at a time in longer rows. */
    private static final long BLOCK = 256;

    private final DecoderConfig config;
    private final ScaledDotProducts products;
    private final boolean expandKeys;
    private final Optional<Tensor> slidingMask;
    private final Optional<BandedBlocks> slidingBlocks;
    private final Optional<BandedBlocks> cappedBlocks;

    /** For rows of {@code tokens} tokens; the mask belongs to the caller's scope. */
    CausalAttention(DecoderConfig config, Precision precision, Device device, long tokens) {
        this.config = config;
        products = ScaledDotProducts.of(config);
        // On CUDA only bfloat16 has a fused kernel that shares keys between query heads; float32 would fall back to
        // whole score matrices.
        this.expandKeys = !device.isCpu() && precision == Precision.FLOAT32 && config.heads() != config.kvHeads();
        OptionalInt window = config.attention().slidingWindow();
        boolean slides = window.isPresent() && tokens > window.getAsInt();
        boolean whole = tokens <= WHOLE;
        slidingMask = slides && whole ? Optional.of(band(window.getAsInt(), device, tokens)) : Optional.empty();
        slidingBlocks =
                slides && !whole ? Optional.of(new BandedBlocks(window.getAsInt(), BLOCK, device)) : Optional.empty();
        cappedBlocks = config.attention().softCap().isPresent() && !whole
                ? Optional.of(new BandedBlocks(tokens, BLOCK, device))
                : Optional.empty();
    }

    private static Tensor band(int window, Device device, long tokens) {
        Tensor all = torch.ones(new long[] {tokens, tokens}, device.options(ScalarType.Bool));
        // Key j is seen by query i when i - window < j <= i.
        return all.tril_(0).triu_(1 - window);
    }

    @Override
    public Tensor apply(int layer, Tensor q, Tensor k, Tensor v) {
        boolean windowed = config.window(layer).isPresent();
        Optional<BandedBlocks> blocks = windowed && slidingBlocks.isPresent() ? slidingBlocks : cappedBlocks;
        Tensor out;
        if (blocks.isPresent()) {
            out = blocks.get()
                    .apply(
                            q.transpose(1, 2),
                            keys(k).transpose(1, 2),
                            keys(v).transpose(1, 2),
                            (qs, ks, vs, mask) ->
                                    products.apply(qs, ks, vs, new TensorOptional(mask), false, sharesKeys()));
        } else {
            boolean sliding = slidingMask.isPresent() && windowed;
            TensorOptional mask = sliding ? new TensorOptional(slidingMask.get()) : Tensors.NONE;
            out = products.apply(
                    q.transpose(1, 2), keys(k).transpose(1, 2), keys(v).transpose(1, 2), mask, !sliding, sharesKeys());
        }
        return out.transpose(1, 2).reshape(q.size(0), q.size(1), -1);
    }

    /** Whether the kernel lets several query heads share one of keys; otherwise {@link #keys} repeats them. */
    boolean sharesKeys() {
        return !expandKeys;
    }

    /** Keys or values [B, T, KV, headDim] as the kernel wants them. */
    Tensor keys(Tensor k) {
        return expandKeys
                ? k.repeat_interleave(config.heads() / config.kvHeads(), new LongOptional(2), new LongOptional())
                : k;
    }
}

package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The rotation of queries and keys by their positions, forward and backward, as products of complex numbers: one pass
 * over memory instead of three, in runs of a whole group of heads.
 *
 * <p>Dimensions i and i + headDim / 2 of a head turn together. Turned heads hold them side by side, as the real and the
 * imaginary part of one number; products of queries with keys do not depend on the order of dimensions. Lives outside
 * every scope until {@link #close}.
 */
final class HeadTurns implements AutoCloseable {
    private final int kv;
    private final int group;
    private final int half;
    /** [groups, samples, tokens, 1, G, headDim / 2] or broadcast to it, with the scale of attention. */
    private final Tensor queries;
    /** [groups, samples, tokens, 1, 1, headDim / 2] or broadcast to it. */
    private final Tensor keys;

    private final Tensor queriesBack;
    private final Tensor keysBack;

    /**
     * @param turns complex [groups, samples, tokens, 1, 1, headDim / 2] or broadcast to it
     * @param kv key heads
     * @param group query heads to each of them
     */
    HeadTurns(Tensor turns, int kv, int group) {
        this.kv = kv;
        this.group = group;
        half = Math.toIntExact(turns.size(5));
        try (Scopes.Frozen scope = Scopes.frozen()) {
            // Written out for every head of a group, so that a product runs over all of them at once.
            Tensor scaled = turns.mul(new Scalar(1 / Math.sqrt(2.0 * half)))
                    .expand(-1, -1, -1, -1, group, -1)
                    .contiguous();
            queries = Scopes.keep(scaled);
            keys = Scopes.keep(turns.contiguous());
            queriesBack = Scopes.keep(scaled.conj().resolve_conj());
            keysBack = Scopes.keep(turns.conj().resolve_conj());
        }
    }

    /**
     * @param heads queries and keys, [rows, H + KV, headDim] with any stride of rows
     * @param q receives the scaled queries, [groups, KV, samples, tokens, G, headDim]
     * @param k receives the keys, [groups, KV, samples, tokens, headDim]
     */
    void turn(Tensor heads, Tensor q, Tensor k) {
        try (PointerScope scope = new PointerScope()) {
            Tensor halves = heads.unflatten(2, 2, half);
            Tensor pairs = torch.complex_out(pairs(heads), halves.select(2, 0), halves.select(2, 1));
            torch.mul_out(byToken(q), queriesOf(pairs, q), queries);
            torch.mul_out(byToken(k.unsqueeze(4)), keysOf(pairs, k), keys);
        }
    }

    /**
     * From gradients of what {@link #turn} made.
     *
     * @param heads receives the gradients of its input
     */
    void turnBack(Tensor q, Tensor k, Tensor heads) {
        try (PointerScope scope = new PointerScope()) {
            Tensor halves = heads.unflatten(2, 2, half);
            Tensor pairs = pairs(heads);
            torch.mul_out(queriesOf(pairs, q), byToken(q), queriesBack);
            torch.mul_out(keysOf(pairs, k), byToken(k.unsqueeze(4)), keysBack);
            halves.transpose(2, 3).copy_(torch.view_as_real(pairs));
        }
    }

    /** Turned keys [..., headDim] in the order of the model, in the caller's scope. */
    static Tensor inModelsOrder(Tensor k) {
        return k.unflatten(-1, -1, 2).transpose(-2, -1).flatten(-2, -1);
    }

    private Tensor pairs(Tensor heads) {
        long[] shape = {heads.size(0), heads.size(1), half};
        return torch.empty(shape, Device.CPU.options(ScalarType.ComplexFloat), new MemoryFormatOptional());
    }

    private Tensor queriesOf(Tensor pairs, Tensor q) {
        return pairs.narrow(1, 0, (long) kv * group).view(q.size(0), q.size(2), q.size(3), kv, group, half);
    }

    private Tensor keysOf(Tensor pairs, Tensor k) {
        return pairs.narrow(1, (long) kv * group, kv).view(k.size(0), k.size(2), k.size(3), kv, 1, half);
    }

    /** [groups, KV, samples, tokens, G, headDim] as complex [groups, samples, tokens, KV, G, headDim / 2]. */
    private static Tensor byToken(Tensor x) {
        return DecodingGrid.asComplex(x).permute(0, 2, 3, 1, 4, 5);
    }

    @Override
    public void close() {
        List.of(queries, keys, queriesBack, keysBack).forEach(Scopes::release);
    }
}

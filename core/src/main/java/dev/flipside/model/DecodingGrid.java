package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.model.family.DecoderConfig;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The buffers of attention in {@link GroupedKvCache} that depend on nothing but the size of its grid of P prompts by R
 * samples. Live outside every scope until {@link #release}.
 *
 * @param queries [P, KV, R, G, headDim], G query heads sharing a key head
 * @param mixed what attention makes of them
 * @param newKeys of the current token, rotated, [P, R, KV, headDim]
 * @param queriesByRow [P, R, KV, G, headDim / 2] complex
 * @param newKeysAsComplex [P, R, KV, headDim / 2]
 * @param mixedByRow [P, R, KV, G, headDim]
 */
record DecodingGrid(
        int prompts,
        int samples,
        Tensor queries,
        Tensor mixed,
        Tensor newKeys,
        Tensor queriesByRow,
        Tensor newKeysAsComplex,
        Tensor mixedByRow) {
    static DecodingGrid of(int prompts, int samples, DecoderConfig config) {
        long[] shape = {prompts, config.kvHeads(), samples, config.heads() / config.kvHeads(), config.headDim()};
        Tensor queries = zeros(shape);
        Tensor mixed = zeros(shape);
        Tensor newKeys = zeros(prompts, samples, config.kvHeads(), config.headDim());
        return new DecodingGrid(
                prompts,
                samples,
                queries,
                mixed,
                newKeys,
                Scopes.keep(asComplex(queries.transpose(1, 2))),
                Scopes.keep(asComplex(newKeys)),
                Scopes.keep(mixed.transpose(1, 2)));
    }

    void release() {
        List.of(queriesByRow, newKeysAsComplex, mixedByRow, queries, mixed, newKeys)
                .forEach(Scopes::release);
    }

    /** Neighbours of the last dimension as complex numbers: a view. */
    static Tensor asComplex(Tensor x) {
        return torch.view_as_complex(x.unflatten(-1, -1, 2));
    }

    private static Tensor zeros(long... shape) {
        return Scopes.keep(torch.zeros(shape, Device.CPU.options(ScalarType.Float)));
    }
}

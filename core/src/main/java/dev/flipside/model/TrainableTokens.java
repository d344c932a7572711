package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/**
 * Rows of a lookup table that are the adapter's own (PEFT's {@code trainable_token_indices}). Until {@link #release}.
 *
 * @param ids of the rows
 * @param indices the same, int64 on the device
 * @param rows [ids, columns]
 * @param places int64 [rows of the table]: which of {@code rows} stands there, or -1
 */
record TrainableTokens(long[] ids, Tensor indices, Factor rows, Tensor places) {
    static TrainableTokens of(long[] ids, Factor rows, long size, Device device) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            long[] places = new long[Math.toIntExact(size)];
            Arrays.fill(places, -1);
            for (int i = 0; i < ids.length; i++) {
                places[Math.toIntExact(ids[i])] = i;
            }
            return new TrainableTokens(
                    ids,
                    Scopes.keep(Tensors.ofLongs(ids, device, ids.length)),
                    rows,
                    Scopes.keep(Tensors.ofLongs(places, device, size)));
        }
    }

    /** Of each id, -1 where the row is the table's. */
    Tensor places(Tensor ids) {
        return places.index_select(0, ids.reshape(-1)).view_as(ids);
    }

    void release() {
        Scopes.release(indices);
        Scopes.release(places);
    }
}

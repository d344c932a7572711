package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Rows of a lookup table that are the adapter's own (PEFT's {@code trainable_token_indices}).
 *
 * @param ids of the rows
 * @param rows [ids, columns]
 * @param places int64 [rows of the table]: which of {@code rows} stands there, or -1
 */
record TrainableTokens(long[] ids, Factor rows, Tensor places) {
    static TrainableTokens of(long[] ids, Factor rows, long size) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            long[] places = new long[Math.toIntExact(size)];
            Arrays.fill(places, -1);
            for (int i = 0; i < ids.length; i++) {
                places[Math.toIntExact(ids[i])] = i;
            }
            Tensor here = Tensors.ofLongs(places, Device.CPU, size);
            return new TrainableTokens(
                    ids, rows, Scopes.keep(here.to(rows.leaf().device(), ScalarType.Long)));
        }
    }

    Tensor indices() {
        return Tensors.ofLongs(ids, Device.CPU, ids.length).to(rows.leaf().device(), ScalarType.Long);
    }

    /** Of each id, -1 where the row is the table's. */
    Tensor places(Tensor ids) {
        return places.index_select(0, ids.reshape(-1)).view_as(ids);
    }
}

package dev.flipside.model;

import java.util.List;
import java.util.Optional;

/**
 * Rotary angles of the same tokens in every layer.
 *
 * @param layers empty where a layer does not rotate
 */
record LayerAngles(List<Optional<RotaryAngles>> layers) {
    Optional<RotaryAngles> of(int layer) {
        return layers.get(layer);
    }

    /** Of a model whose layers are all rotated alike. */
    RotaryAngles uniform() {
        return layers.get(0).orElseThrow();
    }
}

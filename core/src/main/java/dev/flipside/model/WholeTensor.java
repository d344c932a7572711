package dev.flipside.model;

import dev.flipside.engine.ParameterSlot;

/**
 * A slot that is one tensor of transformers and lies in files as it does here, so that an adapter may hold its own in
 * its place.
 *
 * @param name of the tensor
 */
record WholeTensor(ParameterSlot slot, String name) {
    /** The path of its module in transformers. */
    String module() {
        return WeightLayout.module(name);
    }
}

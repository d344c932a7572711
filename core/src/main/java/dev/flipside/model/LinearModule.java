package dev.flipside.model;

import dev.flipside.model.family.TensorForm;

/**
 * A linear module of the decoder and where its weight lies.
 *
 * @param name its path in transformers, without {@code .weight}
 * @param slot that holds the weight
 * @param row the first of its rows in the slot
 * @param rows its outputs
 * @param columns its inputs
 * @param form how its weight lies in a file
 */
record LinearModule(String name, String slot, long row, long rows, long columns, TensorForm form) {
    /** The last word of the path. */
    String shortName() {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}

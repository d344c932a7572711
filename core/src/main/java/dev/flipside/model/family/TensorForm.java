package dev.flipside.model.family;

/** How the rows of a slot lie in a tensor of a file. */
public enum TensorForm {
    ROWS,
    /** Inputs by outputs instead of outputs by inputs. */
    TRANSPOSED,
    /** Query, key and value of the first head, then of the second, and so on. */
    BY_HEAD
}

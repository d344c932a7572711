package dev.flipside.model;

import java.util.Arrays;

/** Token ids that are compared by content; not to be written to. */
record TokenIds(int[] ids) {
    @Override
    public boolean equals(Object other) {
        return other instanceof TokenIds more && Arrays.equals(ids, more.ids);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ids);
    }
}

package dev.flipside.model;

import java.util.Optional;
import java.util.OptionalLong;

/** What an adapter is asked to hold: by a configuration, or because its file holds it. */
interface AdapterSelection {
    /** Of the low-rank update of a module; empty without one. */
    OptionalLong rank(String module);

    /** Whether the adapter holds a module's weights whole, and trains them. */
    boolean whole(WholeTensor tensor);

    /** Whether it holds a matrix of the vocabulary in the base's place without training it. */
    default Optional<String> inBasesPlace(String module) {
        return Optional.empty();
    }
}

package dev.flipside.hub;

import java.io.IOException;
import java.time.Duration;

/** An answer that may be another one next time. */
final class Setback extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient Duration atLeast;

    /** @param atLeast what the server asks to wait */
    Setback(String what, Duration atLeast) {
        super(what);
        this.atLeast = atLeast;
    }

    /** The wait that a failure asks for. */
    static Duration atLeast(IOException failure) {
        return failure instanceof Setback setback ? setback.atLeast : Duration.ZERO;
    }
}

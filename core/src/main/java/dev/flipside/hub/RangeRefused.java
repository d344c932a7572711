package dev.flipside.hub;

import java.io.IOException;

/** 416: the server has not the part of the file that was asked for, so what is there of it is not its beginning. */
final class RangeRefused extends IOException {
    private static final long serialVersionUID = 1L;

    RangeRefused() {
        super("HTTP 416, the server has no such part of the file");
    }
}

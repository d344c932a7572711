package dev.flipside.eval.judge;

import java.io.IOException;

/**
 * A judge that gave no answer however often it was asked. What it answered before is kept, so the same command goes on
 * from there.
 */
public final class JudgeUnavailableException extends IOException {
    private static final long serialVersionUID = 1L;

    JudgeUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}

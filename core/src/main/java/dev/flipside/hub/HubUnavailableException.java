package dev.flipside.hub;

/**
 * A Hub that gave no answer however often it was asked. What came before is kept, so that the same command goes on from
 * there.
 */
public final class HubUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    HubUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}

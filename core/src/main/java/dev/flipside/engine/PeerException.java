package dev.flipside.engine;

/** Another rank is gone, failed, or did not come in time; the message is one sentence that names it. */
public final class PeerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    PeerException(String message, Throwable cause) {
        super(message, cause);
    }
}

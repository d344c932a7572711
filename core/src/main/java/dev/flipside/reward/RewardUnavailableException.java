package dev.flipside.reward;

/** A server of rewards that gave no answer however often it was asked. */
public final class RewardUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public RewardUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}

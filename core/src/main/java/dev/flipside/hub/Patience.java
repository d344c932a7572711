package dev.flipside.hub;

import dev.flipside.net.Backoff;
import java.io.IOException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import javax.net.ssl.SSLHandshakeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is left of a client's patience with one thing that it wants. */
final class Patience {
    private static final Logger LOG = LoggerFactory.getLogger(Patience.class);

    private final HubSettings settings;
    private final String wanted;
    private int failures;

    Patience(HubSettings settings, String wanted) {
        this.settings = settings;
        this.wanted = wanted;
    }

    /** Something has been gained since the last failure. */
    void renew() {
        failures = 0;
    }

    /**
     * Waits before the next attempt.
     *
     * @throws HubUnavailableException when there is to be none
     */
    void after(IOException failure) {
        failures++;
        Backoff backoff = settings.backoff();
        if (failures == backoff.attempts() || isForGood(failure)) {
            String attempts = failures == 1 ? "" : " in " + failures + " attempts, the last time";
            throw new HubUnavailableException(
                    "The Hub at " + settings.endpoint() + " did not give " + wanted + attempts + ": "
                            + said(failure)
                            + ". What has been transferred is kept: run the same command again when the connection is back (HF_ENDPOINT names another server).",
                    failure);
        }
        Duration wait = backoff.wait(failures, Setback.atLeast(failure));
        LOG.info("{}: {}; attempt {} in {} s", wanted, said(failure), failures + 1, wait.toMillis() / 1000.0);
        sleep(wait);
    }

    /** No name of a server and no certificate appears within seconds. */
    private static boolean isForGood(IOException failure) {
        return failure.getCause() instanceof UnresolvedAddressException
                || failure.getCause() != null && failure.getCause().getCause() instanceof UnresolvedAddressException
                || failure instanceof SSLHandshakeException;
    }

    private static String said(IOException failure) {
        return isForGood(failure) && !(failure instanceof SSLHandshakeException)
                ? "its name cannot be resolved"
                : Backoff.describe(failure);
    }

    private static void sleep(Duration wait) {
        try {
            Thread.sleep(wait.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubUnavailableException("The transfer was interrupted; run the same command again.", e);
        }
    }
}

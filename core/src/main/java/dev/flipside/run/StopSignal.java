package dev.flipside.run;

import dev.flipside.config.UserError;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * SIGTERM and Ctrl-C (SIGINT) as a request to stop after the current step, so that the process can write a checkpoint
 * and exit with code 0.
 *
 * <p>The handlers replace the JVM's own, whose shutdown would run beside the training step and end with exit code 143.
 * A second signal ends the process at once, with the usual code of 128 plus the signal's number; the run's newest
 * checkpoint is whole even then. A signal that the process was started to ignore (Ctrl-C, for a process that a shell
 * put into the background) stays ignored.
 */
public final class StopSignal implements AutoCloseable {
    private static final List<String> SIGNALS = List.of("TERM", "INT");
    private static final int KILLED_BY_SIGNAL = 128;

    private final AtomicBoolean requested = new AtomicBoolean();
    private final Consumer<String> onRequest;
    private final List<Map.Entry<Signal, SignalHandler>> previous = new ArrayList<>();

    private StopSignal(Consumer<String> onRequest) {
        this.onRequest = onRequest;
    }

    /**
     * Handles both signals until {@link #close}.
     *
     * @param onRequest told the name of the first signal ({@code SIGTERM}, {@code SIGINT}) as it arrives, on a thread
     *     of its own
     * @throws UserError when the JVM was started with {@code -Xrs}
     */
    public static StopSignal install(Consumer<String> onRequest) {
        StopSignal stop = new StopSignal(onRequest);
        try {
            for (String name : SIGNALS) {
                Signal signal = new Signal(name);
                stop.previous.add(Map.entry(signal, Signal.handle(signal, stop::receive)));
            }
        } catch (IllegalArgumentException e) {
            stop.close();
            throw new UserError(
                    "The run could not be stopped safely, because this JVM leaves signals to others (" + e.getMessage()
                            + "); start it without -Xrs.",
                    e);
        }
        return stop;
    }

    /** Whether to stop; the loop asks between steps. */
    public boolean requested() {
        return requested.get();
    }

    /** Gives the signals back to the handlers that had them before. */
    @Override
    public void close() {
        previous.forEach(entry -> Signal.handle(entry.getKey(), entry.getValue()));
        previous.clear();
    }

    private void receive(Signal signal) {
        if (requested.compareAndSet(false, true)) {
            onRequest.accept("SIG" + signal.getName());
        } else {
            Runtime.getRuntime().halt(KILLED_BY_SIGNAL + signal.getNumber());
        }
    }
}

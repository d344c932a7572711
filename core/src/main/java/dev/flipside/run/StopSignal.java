package dev.flipside.run;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * SIGTERM and Ctrl-C (SIGINT) as a request to stop after the current step, so that the process can write a checkpoint
 * and exit with code 0.
 *
 * <p>The handlers replace the JVM's own, whose shutdown would run beside the training step and end with exit code 143.
 * A second signal ends the process at once, as the signal ends a C program; the run's newest checkpoint is whole even
 * then. A signal that the process was started to ignore (Ctrl-C, for a process that a shell put into the background)
 * stays ignored.
 */
public final class StopSignal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StopSignal.class);
    private static final List<String> SIGNALS = List.of("TERM", "INT");
    private static final int KILLED_BY_SIGNAL = 128;
    private static final int FIRST_OF_A_CONTAINER = 1;

    /**
     * The system's own end of a process, which runs nothing more of it. The JVM's handlers, {@code System.exit} and
     * {@code Runtime.halt} run the destructors of native libraries beside the threads that still compute, and those
     * then run code of oneDNN that is no longer there (SIGSEGV in {@code dnnl_primitive_execute}). The first process of
     * a container is not ended by a signal that it does not handle, so it has to take that chance.
     */
    private static final SignalHandler END = ProcessHandle.current().pid() == FIRST_OF_A_CONTAINER
            ? signal -> Runtime.getRuntime().halt(KILLED_BY_SIGNAL + signal.getNumber())
            : SignalHandler.SIG_DFL;

    private final AtomicBoolean requested = new AtomicBoolean();
    private final List<String> signals;
    private final Consumer<String> onRequest;
    private final List<Map.Entry<Signal, SignalHandler>> previous = new ArrayList<>();

    private StopSignal(List<String> signals, Consumer<String> onRequest) {
        this.signals = signals;
        this.onRequest = onRequest;
    }

    /**
     * From now on SIGTERM, Ctrl-C and a terminal that closes (SIGHUP) end this process at once, without shutdown hooks.
     * Does nothing under {@code -Xrs}, where they do so anyway.
     */
    public static void endAtOnce() {
        try {
            for (String name : List.of("TERM", "INT", "HUP")) {
                Signal.handle(new Signal(name), END);
            }
        } catch (IllegalArgumentException e) {
            // -Xrs: the JVM does not touch signals, and the system's default is what is wanted.
            LOG.debug("signals are left as they are", e);
        }
    }

    /**
     * From now on this process hears Ctrl-C no more and ends at once when another process has ended: the one that has
     * started it, and asks it to stop with SIGTERM.
     */
    public static void endWith(long process) {
        Runnable end = () -> {
            Signal.handle(new Signal("TERM"), END);
            killThisProcess();
        };
        try {
            Signal.handle(new Signal("INT"), SignalHandler.SIG_IGN);
        } catch (IllegalArgumentException e) {
            LOG.debug("signals are left as they are", e);
        }
        ProcessHandle.of(process).ifPresentOrElse(parent -> parent.onExit().thenRun(end), end);
    }

    /** Java sends itself no signal that it does not handle, and does not let a process destroy itself. */
    private static void killThisProcess() {
        try {
            new ProcessBuilder(
                            "sh",
                            "-c",
                            "kill -s TERM " + ProcessHandle.current().pid())
                    .start();
        } catch (IOException e) {
            LOG.debug("there is no shell to send a signal with", e);
            Runtime.getRuntime().halt(KILLED_BY_SIGNAL + new Signal("TERM").getNumber());
        }
    }

    /**
     * Handles both signals until {@link #close}, but one that the process ignores stays ignored.
     *
     * @param onRequest told the name of the first signal ({@code SIGTERM}, {@code SIGINT}) as it arrives, on a thread
     *     of its own
     * @throws UserError when the JVM was started with {@code -Xrs}
     */
    public static StopSignal install(Consumer<String> onRequest) {
        StopSignal stop = new StopSignal(SIGNALS, onRequest);
        try {
            stop.handleAll();
        } catch (IllegalArgumentException e) {
            stop.close();
            throw new UserError(
                    "The run could not be stopped safely, because this JVM leaves signals to others (" + e.getMessage()
                            + "); start it without -Xrs.",
                    e);
        }
        return stop;
    }

    /**
     * Handles Ctrl-C alone until {@link #close}, for a piece of work that it is to end rather than the process. Under
     * {@code -Xrs} it goes on ending the process.
     */
    public static StopSignal ofInterrupt() {
        StopSignal stop = new StopSignal(List.of("INT"), signal -> {});
        try {
            stop.handleAll();
        } catch (IllegalArgumentException e) {
            LOG.debug("signals are left as they are", e);
        }
        return stop;
    }

    private void handleAll() {
        for (String name : signals) {
            Signal signal = new Signal(name);
            SignalHandler before = Signal.handle(signal, this::receive);
            if (before.equals(SignalHandler.SIG_IGN)) {
                Signal.handle(signal, before);
            } else {
                previous.add(Map.entry(signal, before));
            }
        }
    }

    /**
     * Asks this process to stop, as SIGTERM from outside does.
     *
     * @return whether somebody listens; nothing is done where nobody does
     */
    static boolean raise() {
        try {
            Signal.raise(new Signal("TERM"));
            return true;
        } catch (IllegalArgumentException e) {
            LOG.debug("no handler for a signal of its own", e);
            return false;
        }
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
            signals.forEach(name -> Signal.handle(new Signal(name), END));
            onRequest.accept("SIG" + signal.getName());
        }
    }
}

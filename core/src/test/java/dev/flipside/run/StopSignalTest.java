package dev.flipside.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.Waiting;
import java.io.BufferedReader;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sun.misc.Signal;
import sun.misc.SignalHandler;

@Timeout(60)
class StopSignalTest {
    private static final int SIGTERM = 15;

    @Test
    void sigtermFinishesTheStepWritesTheCheckpointAndExitsWithZero() throws Exception {
        Process loop = ChildJvm.start(Loop.class, "obey");
        try (BufferedReader output = loop.inputReader()) {
            assertThat(output.readLine()).isEqualTo("ready");
            terminate(loop);
            assertThat(output.lines()).containsExactly("stopping after SIGTERM", "checkpoint written");
            assertThat(loop.waitFor()).isZero();
        } finally {
            loop.destroyForcibly();
        }
    }

    @Test
    void aSecondSignalEndsTheProcessAtOnce() throws Exception {
        Process loop = ChildJvm.start(Loop.class, "hang");
        try (BufferedReader output = loop.inputReader()) {
            assertThat(output.readLine()).isEqualTo("ready");
            terminate(loop);
            assertThat(output.readLine()).isEqualTo("stopping after SIGTERM");
            assertEndsAtOnce(loop, output);
        } finally {
            loop.destroyForcibly();
        }
    }

    /** By the signal, so that no destructor of a library runs beside a thread that computes. */
    @ParameterizedTest
    @ValueSource(strings = {"before", "after"})
    void withNothingToSaveASignalEndsTheProcessAtOnce(String when) throws Exception {
        Process loop = ChildJvm.start(Endless.class, when);
        try (BufferedReader output = loop.inputReader()) {
            assertThat(output.readLine()).isEqualTo("ready");
            assertEndsAtOnce(loop, output);
        } finally {
            loop.destroyForcibly();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"alone", "handling"})
    void aProcessEndsWithTheOneThatItFollows(String how) throws Exception {
        Process parent = ChildJvm.start(Endless.class, "before");
        Process child = ChildJvm.start(Following.class, Long.toString(parent.pid()), how);
        try (BufferedReader output = child.inputReader()) {
            assertThat(output.readLine()).isEqualTo("ready");
            parent.destroyForcibly().waitFor();
            assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(child.exitValue()).isEqualTo(128 + SIGTERM);
            assertThat(output.lines()).isEmpty();
        } finally {
            parent.destroyForcibly();
            child.destroyForcibly();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void bothSignalsSetTheFlagOnce(String name) throws Exception {
        Signal signal = new Signal(name);
        SignalHandler before = Signal.handle(signal, SignalHandler.SIG_DFL);
        Signal.handle(signal, before);
        Assumptions.assumeTrue(
                before != SignalHandler.SIG_IGN, "this JVM was started in the background, so " + name + " is ignored");

        try (StopSignal stop = StopSignal.install(received -> {})) {
            assertThat(stop.requested()).isFalse();
            Signal.raise(signal);
            // The JVM hands a signal to a thread of its own.
            Waiting.until(Duration.ofSeconds(20), "the signal arrived", stop::requested);
        }
    }

    /** Without another word. */
    private static void assertEndsAtOnce(Process process, BufferedReader output) throws InterruptedException {
        terminate(process);
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(128 + SIGTERM);
        assertThat(output.lines()).isEmpty();
    }

    /** Sends SIGTERM through the handle, because {@link Process#destroy} would close the streams too. */
    private static void terminate(Process process) {
        process.toHandle().destroy();
    }

    /** A loop that takes a while to finish its step, or ("hang") never does. */
    static final class Loop {
        public static void main(String[] args) throws InterruptedException {
            try (StopSignal stop = StopSignal.install(signal -> System.out.println("stopping after " + signal))) {
                System.out.println("ready");
                while (!stop.requested() || args[0].equals("hang")) {
                    Thread.sleep(20);
                }
                Thread.sleep(300);
                System.out.println("checkpoint written");
            }
        }
    }

    /** A process that follows another, and handles signals or does not. */
    static final class Following {
        public static void main(String[] args) throws InterruptedException {
            StopSignal.endWith(Long.parseLong(args[0]));
            if (args[1].equals("handling")) {
                StopSignal.install(signal -> {});
            }
            System.out.println("ready");
            Thread.sleep(Duration.ofMinutes(5).toMillis());
        }
    }

    /** A command that handles no signal, or ("after") no longer does. The JVM's own end would run the hook. */
    static final class Endless {
        public static void main(String[] args) throws InterruptedException {
            StopSignal.endAtOnce();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("the JVM's end")));
            if (args[0].equals("after")) {
                StopSignal.install(signal -> {}).close();
            }
            System.out.println("ready");
            Thread.sleep(Duration.ofMinutes(5).toMillis());
        }
    }
}

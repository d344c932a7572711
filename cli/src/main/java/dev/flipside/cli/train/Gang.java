package dev.flipside.cli.train;

import dev.flipside.cli.console.Streams;
import dev.flipside.config.UserError;
import dev.flipside.run.StopSignal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import picocli.CommandLine;

/**
 * The processes of {@code --processes N}: each is this command again, as one rank of N on this machine. What rank 0
 * prints is printed as it is, what others print with their number before it. When one of them fails, all end.
 */
final class Gang {
    /** How long those that are left get to say what happened: they call the roll for ten seconds. */
    private static final long GRACE_SECONDS = 20;

    private static final long POLL_MILLISECONDS = 50;
    private static final int KILLED = 128;

    private final List<Process> ranks = new ArrayList<>();
    private final List<Thread> readers = new ArrayList<>();
    private final Streams streams;
    private final PrintStream out;
    private final PrintStream err;

    private Gang(Streams streams) {
        this.streams = streams;
        this.out = new PrintStream(streams.out(), false, StandardCharsets.UTF_8);
        this.err = new PrintStream(streams.err(), true, StandardCharsets.UTF_8);
    }

    /**
     * Runs the command in so many processes.
     *
     * @param arguments of the command, without {@code --processes}
     * @return the exit code: 0 when all have finished, else that of the first that failed
     */
    static int run(int processes, List<String> arguments, Streams streams) {
        Gang gang = new Gang(streams);
        try (StopSignal stop = StopSignal.install(signal -> gang.stop())) {
            gang.start(processes, arguments);
            return gang.await();
        } finally {
            gang.kill();
        }
    }

    private void start(int processes, List<String> arguments) {
        int port = freePort();
        int threads = Math.max(1, threads(streams.environment()) / processes);
        for (int rank = 0; rank < processes; rank++) {
            ProcessBuilder builder = new ProcessBuilder(command(arguments));
            Map<String, String> environment = builder.environment();
            environment.put("RANK", Integer.toString(rank));
            environment.put("LOCAL_RANK", Integer.toString(rank));
            environment.put("WORLD_SIZE", Integer.toString(processes));
            environment.put("MASTER_ADDR", "127.0.0.1");
            environment.put("MASTER_PORT", Integer.toString(port));
            environment.put("OMP_NUM_THREADS", Integer.toString(threads));
            environment.put("MKL_NUM_THREADS", Integer.toString(threads));
            // Its errors say again, with stack traces, what ours say.
            environment.putIfAbsent("TORCH_CPP_LOG_LEVEL", "FATAL");
            environment.put(
                    RankProcess.PARENT, Long.toString(ProcessHandle.current().pid()));
            try {
                Process process =
                        builder.redirectInput(ProcessBuilder.Redirect.PIPE).start();
                process.getOutputStream().close();
                ranks.add(process);
                read(rank, process);
            } catch (IOException e) {
                throw new UserError("Rank " + rank + " could not be started: " + e.getMessage() + ".", e);
            }
        }
    }

    private static int threads(Map<String, String> environment) {
        String set = environment.getOrDefault("OMP_NUM_THREADS", "");
        return set.matches("[1-9]\\d{0,3}")
                ? Integer.parseInt(set)
                : Runtime.getRuntime().availableProcessors();
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> command(List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.flipside.cli.Main"));
        command.addAll(arguments);
        return command;
    }

    private void read(int rank, Process process) {
        if (rank == 0) {
            reader(() -> lines(process.getInputStream(), "", out));
            reader(() -> copy(process.getErrorStream(), streams.err()));
        } else {
            String number = "[" + rank + "] ";
            reader(() -> lines(process.getInputStream(), number, err));
            reader(() -> lines(process.getErrorStream(), number, err));
        }
    }

    private void reader(Runnable work) {
        Thread thread = new Thread(work, "output of a rank");
        thread.setDaemon(true);
        thread.start();
        readers.add(thread);
    }

    /** Gloo says on standard output, which is for results, that it is connected. */
    private static void lines(InputStream from, String before, PrintStream to) {
        Predicate<String> wanted = line -> !line.startsWith("[Gloo] Rank ");
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (wanted.test(line)) {
                    to.println(before + line);
                    to.flush();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As it comes: a progress bar has no lines. */
    private static void copy(InputStream from, OutputStream to) {
        byte[] buffer = new byte[8192];
        try (from) {
            for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
                to.write(buffer, 0, n);
                to.flush();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Asks all ranks to finish their step; they do not hear a terminal's Ctrl-C themselves. */
    private void stop() {
        ranks.forEach(process -> process.toHandle().destroy());
    }

    private int await() {
        try {
            int failed = firstFailed();
            if (failed < 0) {
                join();
                return CommandLine.ExitCode.OK;
            }
            int code = ranks.get(failed).exitValue();
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(GRACE_SECONDS);
            for (Process process : ranks) {
                process.waitFor(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
            }
            kill();
            join();
            if (code > KILLED) {
                // Nothing else says so: a process that is killed says nothing.
                err.println("flipside: rank " + failed + " of " + ranks.size() + " was ended by signal "
                        + (code - KILLED) + ", so all ranks have ended.");
                return CommandLine.ExitCode.SOFTWARE;
            }
            return code;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return CommandLine.ExitCode.SOFTWARE;
        }
    }

    /** Waits until all have finished, or one has failed; -1 when none has. */
    private int firstFailed() throws InterruptedException {
        while (true) {
            boolean running = false;
            for (int rank = 0; rank < ranks.size(); rank++) {
                Process process = ranks.get(rank);
                if (process.isAlive()) {
                    running = true;
                } else if (process.exitValue() != 0) {
                    return rank;
                }
            }
            if (!running) {
                return -1;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLISECONDS);
        }
    }

    private void join() throws InterruptedException {
        for (Thread reader : readers) {
            reader.join(TimeUnit.SECONDS.toMillis(GRACE_SECONDS));
        }
    }

    private void kill() {
        ranks.forEach(process -> process.toHandle().destroyForcibly());
    }
}

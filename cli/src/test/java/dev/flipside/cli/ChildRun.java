package dev.flipside.cli;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** One command line in a process of its own, which can be killed. */
record ChildRun(Process process, Path log) {
    private static final long LONGEST_SECONDS = 600;

    /** How a process ended. */
    record End(int code, String log) {}

    static ChildRun start(Path log, Map<String, String> environment, List<String> jvm, List<String> arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(a -> a.startsWith("-D") && !a.startsWith("-Dflipside.faults"))
                .forEach(command::add);
        command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(jvm);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.flipside.cli.Main"));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .redirectInput(new File("/dev/null"));
        builder.environment().putAll(environment);
        // The same thread count every time: sums depend on it.
        builder.environment().put("OMP_NUM_THREADS", "1");
        builder.environment().put("MKL_NUM_THREADS", "1");
        return new ChildRun(builder.start(), log);
    }

    /** Waits until the process has ended. */
    End end() {
        try {
            if (!process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
                throw new AssertionError("hung for " + LONGEST_SECONDS + " s: " + Files.readString(log));
            }
            return new End(process.exitValue(), Files.readString(log));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /**
     * Kills the process (SIGKILL) as soon as something is so.
     *
     * @return whether it was still running
     */
    boolean killWhen(BooleanSupplier point) {
        try {
            while (process.isAlive() && !point.getAsBoolean()) {
                Thread.sleep(1);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        boolean running = process.isAlive();
        process.destroyForcibly();
        int code = end().code();
        return running && code == 137;
    }
}

package dev.flipside.reward;

import dev.flipside.config.BoundedLines;
import dev.flipside.config.UserError;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A program that answers a line of JSON with a line of JSON for as long as a run takes. What it writes to standard
 * error is logged, each line under the name {@code process}.
 *
 * <p>Its standard input ends with this process, however that ends, and a program that reads lines ends with it.
 */
final class RewardProcess implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("dev.flipside.reward.process");

    /**
     * Ctrl-C goes to all processes of a terminal, but a run that is stopped so finishes its step and still needs its
     * rewards. A signal that is ignored stays ignored in the program that takes the shell's place.
     */
    private static final List<String> WITHOUT_INTERRUPTS = List.of("sh", "-c", "trap '' INT; exec \"$@\"", "sh");

    private static final int NOT_FOUND = 127;

    /** How long a program may take to end once its input has, and what it last wrote to arrive. */
    private static final long GRACE_SECONDS = 5;

    private final List<String> command;
    private final Duration timeout;
    private final Process process;
    private final BufferedReader answers;
    private final OutputStream batches;
    private final AtomicReference<String> lastError = new AtomicReference<>("");
    private final Thread errors;
    private final ExecutorService exchanges = Executors.newSingleThreadExecutor(work -> daemon(work, "reward process"));

    private RewardProcess(List<String> command, Duration timeout, Process process) {
        this.command = command;
        this.timeout = timeout;
        this.process = process;
        this.answers = new BoundedLines(process.getInputStream());
        this.batches = process.getOutputStream();
        this.errors = daemon(this::passErrors, "standard error of a reward process");
        errors.start();
    }

    /**
     * Starts the program.
     *
     * @param timeout the longest wait for an answer
     * @throws UserError when there is no shell to start it with
     */
    static RewardProcess start(List<String> command, Duration timeout) {
        List<String> line = new ArrayList<>(WITHOUT_INTERRUPTS);
        line.addAll(command);
        try {
            return new RewardProcess(command, timeout, new ProcessBuilder(line).start());
        } catch (IOException e) {
            throw new UserError(
                    "Reward function 'process': no program can be started here (" + e.getMessage() + ").", e);
        }
    }

    private static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    /**
     * The rewards of a batch.
     *
     * @throws UserError when the program has ended, is late, or answers something else than rewards
     */
    double[] rewards(RewardBatches.Batch batch) {
        Future<String> exchange = exchanges.submit(() -> exchange(batch.json()));
        try {
            String answer = exchange.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            return RewardAnswer.read(who() + " answered", answer, batch.samples(), RewardAnswer.quoted(answer));
        } catch (TimeoutException e) {
            kill();
            throw new UserError(
                    who() + " gave no answer within " + timeout.toMillis() / 1000.0 + " s" + lastWords()
                            + "; raise the option timeout, lower batch_size, or let it flush each line that it writes.",
                    e);
        } catch (ExecutionException e) {
            throw ended(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            kill();
            throw new RewardUnavailableException(who() + ": the wait for its answer was interrupted.", e);
        }
    }

    private String exchange(String json) throws IOException {
        batches.write((json + "\n").getBytes(StandardCharsets.UTF_8));
        batches.flush();
        String line = answers.readLine();
        if (line == null) {
            throw new IOException("it closed its standard output");
        }
        return line;
    }

    /** Its output has ended, or its input is not read any more: it has ended, or is no use any more. */
    private UserError ended(Throwable cause) {
        try {
            if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
                kill();
                return new UserError(
                        who() + " cannot be talked to any more (" + cause.getMessage() + ")" + lastWords()
                                + "; let it read lines from standard input and write lines to standard output.",
                        cause);
            }
            errors.join(TimeUnit.SECONDS.toMillis(GRACE_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        int code = process.exitValue();
        return new UserError(
                who() + " ended with exit code " + code + lastWords()
                        + (code == NOT_FOUND
                                ? "; correct the option command."
                                : "; mend it: it must answer until its standard input ends."),
                cause);
    }

    private String lastWords() {
        String line = lastError.get();
        return line.isEmpty()
                ? ", and wrote nothing to standard error"
                : ", and the last line that it wrote to standard error is " + RewardAnswer.quoted(line);
    }

    private String who() {
        return "Reward function 'process': " + String.join(" ", command);
    }

    private void passErrors() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
            lines.lines().filter(line -> !line.isBlank()).forEach(line -> {
                lastError.set(line);
                LOG.info("{}", line);
            });
        } catch (IOException | UncheckedIOException e) {
            LOG.debug("standard error of {} was closed", command, e);
        }
    }

    /** Ends the input, and the program with what it has started when that is not enough. */
    @Override
    public void close() {
        exchanges.shutdownNow();
        try {
            batches.close();
        } catch (IOException e) {
            LOG.debug("{} has ended already", command, e);
        }
        try {
            if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
                process.destroy();
                process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        kill();
    }

    private void kill() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}

package dev.flipside.run;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;

/**
 * The process that writes a run or a comparison, as its folder's {@code .owner} names it.
 *
 * @param pid on the machine that it runs on
 * @param started when, ISO 8601; a number that another process has got since is then not taken for it
 */
public record RunProcess(long pid, String started) {
    /** Java reckons it from the time of booting, which a corrected clock moves a little. */
    private static final Duration CLOCK = Duration.ofSeconds(2);

    static RunProcess self() {
        ProcessHandle process = ProcessHandle.current();
        return new RunProcess(
                process.pid(),
                process.info().startInstant().map(Instant::toString).orElse("unknown"));
    }

    /**
     * Who has said that it writes a folder. Empty where nobody has, and where a machine that lost its power left the
     * name unfinished: the lock decides, the name is only told.
     */
    public static Optional<RunProcess> of(Path folder) {
        try {
            return Optional.ofNullable(
                    Json.MAPPER.readValue(folder.resolve(RunLock.OWNER).toFile(), RunProcess.class));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Whether this very process is there, on this machine. */
    public boolean alive() {
        return handle().isPresent();
    }

    /**
     * Asks the process to stop after its current step, by SIGTERM ({@link StopSignal}).
     *
     * @return whether it could be asked; not one that is gone, and not another process with its number
     */
    public boolean stop() {
        return handle().map(h -> h.pid() == ProcessHandle.current().pid() ? StopSignal.raise() : h.destroy())
                .orElse(false);
    }

    private Optional<ProcessHandle> handle() {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .filter(h -> h.info().startInstant().filter(this::isStart).isPresent());
    }

    private boolean isStart(Instant instant) {
        try {
            return Duration.between(Instant.parse(started), instant).abs().compareTo(CLOCK) <= 0;
        } catch (DateTimeParseException e) {
            return false;
        }
    }
}

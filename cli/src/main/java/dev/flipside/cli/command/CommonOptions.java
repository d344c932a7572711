package dev.flipside.cli.command;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that every command has. */
public final class CommonOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private int threads;

    @Option(names = "--json", description = "Print the result as one JSON object.")
    private boolean json;

    @Option(names = "--quiet", description = "Print no progress, only results and errors.")
    private boolean quiet;

    @Option(names = "--debug", description = "Log in detail; print stack traces.")
    private boolean debug;

    @Option(
            names = "--device",
            paramLabel = "D",
            defaultValue = "auto",
            description = "auto, cpu or cuda:N (default: ${DEFAULT-VALUE}: the first GPU if there is one).")
    private String device;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    /**
     * The launcher has already set the thread variables from it: libtorch reads them once, before any Java code runs.
     */
    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "CPU threads to compute on (default: OMP_NUM_THREADS, else the physical cores).")
    public void threads(int count) {
        if (count < 1 || count > 9999) {
            throw new ParameterException(
                    command.commandLine(), "--threads is " + count + ", it must be from 1 to 9999");
        }
        threads = count;
    }

    boolean json() {
        return json;
    }

    boolean quiet() {
        return quiet;
    }

    public boolean debug() {
        return debug;
    }

    public String device() {
        return device;
    }

    /** The number given, or 0 for the default. */
    public int threads() {
        return threads;
    }
}

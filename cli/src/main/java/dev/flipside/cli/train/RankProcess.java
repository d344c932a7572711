package dev.flipside.cli.train;

import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Streams;
import dev.flipside.engine.Collective;
import dev.flipside.engine.Device;
import dev.flipside.engine.Placement;
import dev.flipside.run.StopSignal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How many processes a training has, and which of them this one is. */
final class RankProcess {
    /** The process that has started this one as a rank of its own; set by {@link Gang} alone. */
    static final String PARENT = "FLIPSIDE_PARENT";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private int processes = 1;

    @Option(
            names = "--processes",
            paramLabel = "N",
            description = {
                "Train in N processes on this machine, which share the work of every step (docs/scaling.md);",
                "each takes a GPU, or its share of the CPU threads."
            })
    void processes(int count) {
        if (count < 1 || count > 1024) {
            throw new ParameterException(
                    command.commandLine(), "--processes is " + count + ", it must be from 1 to 1024");
        }
        processes = count;
    }

    /** Whether this process only starts others, and looks after them. */
    private boolean starts(Map<String, String> environment) {
        return processes > 1 && !environment.containsKey(PARENT);
    }

    /** What each of the started processes is given. */
    private List<String> arguments() {
        List<String> given = command.root().commandLine().getParseResult().originalArgs();
        List<String> arguments = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            if (given.get(i).equals("--processes")) {
                i++;
            } else if (!given.get(i).startsWith("--processes=")) {
                arguments.add(given.get(i));
            }
        }
        return arguments;
    }

    /** A training as one rank, or in one process. */
    interface Training<C> {
        int run(C config, Optional<Placement> placement, Console console);
    }

    /**
     * Trains in this process, or starts the processes that do.
     *
     * @param overrides of the configuration
     * @param read reads it with overrides
     * @param device that it asks for
     * @return the exit code
     */
    <C> int run(
            Streams streams,
            Console console,
            List<String> overrides,
            Function<List<String>, C> read,
            Function<C, String> device,
            Training<C> training) {
        Map<String, String> environment = streams.environment();
        Optional<Placement> placement = Placement.of(environment);
        followParent(environment);
        C config = read.apply(overrides);
        if (starts(environment)) {
            return Gang.run(processes, arguments(), streams);
        }
        Optional<String> own = deviceOverride(placement, device.apply(config), console);
        if (own.isPresent()) {
            List<String> more = new ArrayList<>(overrides);
            more.add(own.get());
            config = read.apply(more);
        }
        return training.run(config, placement, console);
    }

    /** Every rank of a machine takes a GPU of its own, unless the configuration names the CPU. */
    private static Optional<String> deviceOverride(Optional<Placement> placement, String configured, Console console) {
        if (placement.isEmpty()) {
            return Optional.empty();
        }
        NativeLibraries.load(console);
        return Device.parse(configured).isCpu()
                ? Optional.empty()
                : Optional.of("run.device=cuda:" + placement.get().localRank());
    }

    /** Meets the other ranks, where there are any; to be closed by the caller. */
    static Collective join(Optional<Placement> placement, String device, Console console) {
        if (placement.isEmpty()) {
            return Collective.alone();
        }
        Placement here = placement.get();
        if (here.rank() == 0) {
            console.info("waiting for " + here.worldSize() + " ranks at " + here.master());
        }
        return Collective.join(here, Device.parse(device));
    }

    /** A rank of {@link Gang} ends with its parent, which alone hears a terminal's Ctrl-C. */
    private static void followParent(Map<String, String> environment) {
        String parent = environment.get(PARENT);
        if (parent != null && parent.matches("\\d{1,18}")) {
            StopSignal.endWith(Long.parseLong(parent));
        }
    }
}

package dev.flipside.cli.train;

import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Streams;
import dev.flipside.cli.dashboard.DashboardServer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Stack;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --dashboard[=PORT]}: the live page of the run that is started, as long as it goes on. */
final class LivePage {
    private static final String FREE = "0";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private Optional<Integer> port = Optional.empty();

    /** A port stands behind an equals sign, so that the word behind the bare option stays the configuration. */
    static final class AttachedOnly implements IParameterPreprocessor {
        @Override
        @SuppressWarnings("JdkObsolete") // picocli's
        public boolean preprocess(Stack<String> words, CommandSpec of, ArgSpec option, Map<String, Object> info) {
            if (!"=".equals(info.get("separator"))) {
                words.push(FREE);
            }
            return false;
        }
    }

    @Option(
            names = "--dashboard",
            arity = "0..1",
            paramLabel = "PORT",
            fallbackValue = FREE,
            preprocessor = AttachedOnly.class,
            description =
                    "Show the run as a live page while it goes on, at a port of this machine (default: a free one).")
    void dashboard(int number) {
        if (number < 0 || number > 65_535) {
            throw new ParameterException(
                    command.commandLine(), "--dashboard is " + number + ", it must be from 0 to 65535");
        }
        port = Optional.of(number);
    }

    /** Serves the page, where it was asked for, and prints its address; to be closed by the caller. */
    Served open(Path folder, Streams streams, Console console) {
        Optional<DashboardServer> server =
                port.map(p -> DashboardServer.start(folder, p, Optional.empty(), streams.environment()));
        server.ifPresent(s -> console.info("dashboard: " + s.address()));
        return new Served(server);
    }

    /** The page, or none. */
    record Served(Optional<DashboardServer> server) implements AutoCloseable {
        static final Served NOTHING = new Served(Optional.empty());

        @Override
        public void close() {
            server.ifPresent(DashboardServer::close);
        }
    }
}

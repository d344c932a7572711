package dev.flipside.cli.command;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Streams;
import dev.flipside.cli.console.TransferProgress;
import dev.flipside.hub.Hub;
import dev.flipside.hub.HubInputs;
import dev.flipside.hub.HubSettings;
import java.util.concurrent.Callable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command with the shared options, a console and, on demand, the Hub. */
public abstract class FlipsideCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    /**
     * Does the work.
     *
     * @return the exit code
     */
    protected abstract int run(Console console) throws Exception;

    @Override
    public final Integer call() throws Exception {
        Level level = common.debug() ? Level.DEBUG : common.quiet() ? Level.ERROR : Level.INFO;
        // Under spark-submit the logging is Spark's, and its levels are set there.
        if (LoggerFactory.getLogger("dev.flipside") instanceof Logger logger) {
            logger.setLevel(level);
        }
        return run(new Console(streams(), common.json(), common.quiet()));
    }

    public CommonOptions common() {
        return common;
    }

    protected final CommandSpec spec() {
        return spec;
    }

    /** Options that are wrong, alone or together: what is, and what they must be. */
    protected final ParameterException wrongOptions(String what) {
        return new ParameterException(spec.commandLine(), what);
    }

    protected final Streams streams() {
        return CommandRoot.of(spec).streams();
    }

    /** Where names of the Hub are looked up, beside paths. */
    protected final HubInputs inputs(Console console) {
        return new HubInputs(() -> hub(console));
    }

    /** The Hub of this process's environment. */
    protected final Hub hub(Console console) {
        return new Hub(HubSettings.of(streams().environment()), new TransferProgress(console));
    }
}

package dev.flipside.cli.dashboard;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.console.Console;
import dev.flipside.config.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flipside dashboard}: runs as a live page. */
@Command(
        name = "dashboard",
        description = {
            "Shows runs as a live page: status, curves, samples, configurations, alarms, and a button that stops a run.",
            "DIR is a run, a comparison, or a folder of such. Ctrl-C ends the page and none of the runs."
        })
public final class Dashboard extends FlipsideCommand {
    @Parameters(paramLabel = "DIR", description = "A run, a comparison, or a folder of such.")
    private Path folder;

    private int port;

    @Option(
            names = "--host",
            paramLabel = "H",
            description = {
                "Address of this machine at which others reach the page, such as 0.0.0.0 (default: this machine alone);",
                "needs a token in the environment variable FLIPSIDE_DASHBOARD_TOKEN."
            })
    private Optional<String> host = Optional.empty();

    @Option(
            names = "--port",
            paramLabel = "N",
            defaultValue = "8422",
            description = "Port of the page; 0 takes a free one (default: ${DEFAULT-VALUE}).")
    void port(int number) {
        if (number < 0 || number > 65_535) {
            throw wrongOptions("--port is " + number + ", it must be from 0 to 65535");
        }
        port = number;
    }

    @Override
    protected int run(Console console) {
        if (!Files.isDirectory(folder)) {
            throw new UserError(folder + " is no folder; name that of a run or a comparison, or one that holds such.");
        }
        try (DashboardServer server =
                DashboardServer.start(folder, port, host, streams().environment())) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("dashboard", server.address());
            result.put("folder", folder.toString());
            console.result(() -> "dashboard: " + server.address(), result);
            console.info("Ctrl-C ends it");
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return ExitCode.OK;
    }
}

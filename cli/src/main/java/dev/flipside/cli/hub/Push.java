package dev.flipside.cli.hub;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.TransferProgress;
import dev.flipside.hub.HubName;
import dev.flipside.hub.HubSettings;
import dev.flipside.hub.ModelCard;
import dev.flipside.hub.Push.Pushed;
import dev.flipside.hub.Push.Request;
import dev.flipside.hub.RepoType;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flipside push}: a model directory to the Hugging Face Hub. */
@Command(
        name = "push",
        description = {
            "Uploads a model directory as one commit of a repository on the Hub, which is made when it is not there. Without a README.md, here or there, one is written:",
            "metadata, the run's configuration, data, seeds, versions and last measurements. What is no part of a model stays here. HF_TOKEN must be allowed to write."
        })
public final class Push extends FlipsideCommand {
    @Parameters(index = "0", paramLabel = "DIR", description = "A model, such as runs/save/policy.")
    private Path directory;

    @Parameters(index = "1", paramLabel = "ORG/NAME", description = "The repository.")
    private String name;

    @Option(names = "--private", description = "Make a new repository visible to its owner only.")
    private boolean isPrivate;

    @Option(
            names = "--revision",
            paramLabel = "BRANCH",
            defaultValue = "main",
            description = "The branch, made when it is not there (default: main).")
    private String revision;

    @Option(
            names = "--message",
            paramLabel = "TEXT",
            defaultValue = "Upload model with Flipside",
            description = "The commit's message (default: ${DEFAULT-VALUE}).")
    private String message;

    @Override
    protected int run(Console console) {
        HubName target = HubName.require(RepoType.MODEL, name + (name.contains("@") ? "" : "@" + revision));
        String title = name.substring(name.indexOf('/') + 1);
        Request request = new Request(directory, target, isPrivate, message, new ModelCard(directory).text(title));
        HubSettings settings = HubSettings.of(streams().environment());
        Pushed pushed = new dev.flipside.hub.Push(settings, new TransferProgress(console)).push(request);
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("url", pushed.url());
        object.put("commit", pushed.commit().orElse(null));
        object.put("files", pushed.files());
        object.put("left", pushed.left());
        console.result(() -> text(pushed), object);
        return ExitCode.OK;
    }

    private static String text(Pushed pushed) {
        String done = pushed.commit()
                .map(commit -> "pushed " + String.join(", ", pushed.files()))
                .orElse("nothing had changed");
        Optional<String> left = pushed.left().isEmpty()
                ? Optional.empty()
                : Optional.of("not uploaded, for it is no part of a model: " + String.join(", ", pushed.left()) + "\n");
        return done + "\n" + left.orElse("") + pushed.url();
    }
}

package dev.flipside.cli.hub;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Table;
import dev.flipside.hub.Hub;
import dev.flipside.hub.HubFile;
import dev.flipside.hub.HubName;
import dev.flipside.hub.Patterns;
import dev.flipside.hub.RepoType;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flipside pull}: a model or a dataset of the Hugging Face Hub. */
@Command(
        name = "pull",
        description = {
            "Downloads what Flipside needs of a model (configuration, tokenizer, safetensors) or a dataset (data files) into the cache that it shares with Python's",
            "huggingface_hub. An interrupted download goes on where it was; every file is checked against its hash; pickles are never fetched.",
            "HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE mean what they mean in Python."
        })
public final class Pull extends FlipsideCommand {
    @Parameters(
            index = "0",
            paramLabel = "ORG/NAME[@REVISION]",
            description =
                    "The repository, at a branch, tag or commit (default: main). Of a dataset :SPLIT or :CONFIG/SPLIT takes a part.")
    private String name;

    @Option(names = "--dataset", description = "It is a dataset.")
    private boolean dataset;

    @Option(
            names = "--include",
            paramLabel = "PATTERN",
            split = ",",
            description = "Files to take instead of the usual choice, such as '*.gguf'.")
    private List<String> include = List.of();

    @Option(names = "--exclude", paramLabel = "PATTERN", split = ",", description = "Files to leave out.")
    private List<String> exclude = List.of();

    @Option(
            names = "--local-dir",
            paramLabel = "DIR",
            description = "A folder for the files themselves, instead of the cache.")
    private Optional<Path> localDir = Optional.empty();

    @Override
    protected int run(Console console) {
        HubName wanted = HubName.require(dataset ? RepoType.DATASET : RepoType.MODEL, name);
        Hub.Pulled pulled = hub(console).pull(wanted, new Patterns(include, exclude), localDir);
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("name", pulled.name().repo().id());
        object.put("revision", pulled.name().revision());
        object.put("commit", pulled.commit());
        object.put("folder", pulled.folder().toString());
        object.put("files", pulled.files().stream().map(HubFile::path).toList());
        object.put("bytes", pulled.size());
        object.put("bytes_received", pulled.bytesReceived());
        console.result(() -> text(pulled), object);
        return ExitCode.OK;
    }

    private static String text(Hub.Pulled pulled) {
        List<List<String>> rows = pulled.files().stream()
                .map(file -> List.of(file.path(), Numbers.fileSize(file.size())))
                .toList();
        return new Table(List.of("file", "size"), rows).render()
                + pulled.name() + " at " + pulled.commit() + ": " + Numbers.fileSize(pulled.size()) + ", "
                + (pulled.bytesReceived() == 0
                        ? "all of it there already"
                        : Numbers.fileSize(pulled.bytesReceived()) + " downloaded")
                + "\n" + pulled.folder();
    }
}

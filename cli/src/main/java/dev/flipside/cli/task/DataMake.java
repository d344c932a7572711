package dev.flipside.cli.task;

import dev.flipside.cli.command.DtypeOption;
import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.ModelRenderers;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Progress;
import dev.flipside.config.TaskConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.model.CausalLm;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.task.InitialPolicy;
import dev.flipside.task.Task;
import dev.flipside.task.TaskData;
import dev.flipside.task.TaskFolder;
import dev.flipside.task.TaskMaker;
import dev.flipside.text.Renderer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flipside data make}: prompts and pairs of a task whose truth a program computes. */
@Command(
        name = "make",
        description = {
            "Makes prompts and labelled pairs of a task whose truth a program computes, so that it shows whether policy and reward model become better.",
            "stories: beginnings of children's stories, for models that learnt to write from TinyStories; reward function 'story' judges.",
            "instructions: short requests with one constraint each, for small chat models; reward function 'ifeval' judges.",
            "stale: the same, but labelled pairs have half of the constraints, so that the policy moves away from what the reward model was taught.",
            "The model writes the completions of the pairs. The same seed and model make the same files."
        })
public final class DataMake extends FlipsideCommand {
    @Parameters(index = "0", paramLabel = "TASK", description = "The task: stories, instructions or stale.")
    private TaskConfig.Name task;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "MODEL",
            description =
                    "The policy before its training: a Hugging Face directory, or org/name[@revision] on the Hub.")
    private String model;

    @Option(
            names = "--output",
            required = true,
            paramLabel = "DIR",
            description = "Folder for the files; it must not exist.")
    private Path output;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0", description = "Seed of all of it (default: 0).")
    private long seed;

    @Option(names = "--prompts", paramLabel = "N", description = "Prompts to train on (default: 240).")
    private Integer prompts;

    @Option(
            names = "--held-out-prompts",
            paramLabel = "N",
            description = "Prompts for evaluations, no training prompt among them (default: 48).")
    private Integer heldOutPrompts;

    @Option(names = "--pairs", paramLabel = "N", description = "Labelled pairs for the reward model (default: 1000).")
    private Integer pairs;

    @Option(
            names = "--held-out",
            paramLabel = "N",
            description = "Pairs with true labels for evaluations, of held-out prompts (default: 200).")
    private Integer heldOut;

    @Option(
            names = "--trusted",
            paramLabel = "N",
            description = "Pairs with true labels for guard and gate (default: 100).")
    private Integer trusted;

    @Option(
            names = "--flipped",
            paramLabel = "P",
            description = "Chance that the label of a labelled pair is turned round (default: 0.3).")
    private Double flipped;

    @Option(
            names = "--margin",
            paramLabel = "M",
            description = "Least difference of the true rewards in a pair (default: 0.1).")
    private Double margin;

    @Option(names = "--temperature", paramLabel = "T", description = "Divides the logits (default: 1).")
    private Optional<Double> temperature = Optional.empty();

    @Option(
            names = "--max-completion-length",
            paramLabel = "N",
            description = "Most tokens of a completion (default: 48 for stories, 96 for the others).")
    private Optional<Integer> maxCompletionLength = Optional.empty();

    @Option(
            names = "--stop",
            paramLabel = "TEXT",
            description =
                    "A completion ends when it contains this text, as with rollout.stop; may be given several times. With --stop . --stop ! --stop ? a story goes on by a sentence.")
    private List<String> stop = List.of();

    @Mixin
    private DtypeOption dtype;

    @Override
    protected int run(Console console) {
        TaskConfig config = config();
        config.validate(key -> "--" + key.replace('_', '-'));
        TaskMaker maker = new TaskMaker(config, seed).checked();
        if (Files.exists(output, LinkOption.NOFOLLOW_LINKS)) {
            throw new UserError(
                    "--output: " + output + " exists already; give a folder that does not, or remove this one.");
        }
        Path directory = inputs(console).model("--model", model);
        NativeLibraries.load(console, directory);
        SamplingOptions sampling = SamplingOptions.plain(
                        maxCompletionLength.orElseGet(() -> Task.of(task).maxCompletionLength()))
                .withTemperature(temperature.orElse(1.0))
                .withStop(stop);
        TaskData data = make(console, maker, directory, sampling);
        TaskFolder folder = new TaskFolder(output);
        Map<String, Object> settings = TaskFolder.settings(config, seed, model, sampling);
        folder.write(data, settings);
        TaskTables tables = new TaskTables(folder, data, settings);
        console.result(tables::text, tables.object());
        return ExitCode.OK;
    }

    private TaskConfig config() {
        return new TaskConfig(
                task,
                prompts,
                heldOutPrompts,
                pairs,
                heldOut,
                trusted,
                flipped,
                margin,
                temperature.map(OptionalDouble::of).orElseGet(OptionalDouble::empty),
                maxCompletionLength.map(OptionalInt::of).orElseGet(OptionalInt::empty));
    }

    private TaskData make(Console console, TaskMaker maker, Path directory, SamplingOptions sampling) {
        try (CausalLm lm = CausalLm.constant(directory, Device.parse(common().device()), dtype.precision());
                Renderer renderer = ModelRenderers.of(lm.files());
                Progress progress = console.progress("make", maker.config().allPairs(), "pairs")) {
            InitialPolicy policy = new InitialPolicy(lm, renderer, sampling, List.of(), Optional.empty());
            return maker.make(policy, done -> progress.at(done, ""), () -> false)
                    .orElseThrow();
        }
    }
}

package dev.flipside.cli.model;

import dev.flipside.cli.command.DtypeOption;
import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.ModelRenderers;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.command.SamplingFlags;
import dev.flipside.cli.command.TemplateFlags;
import dev.flipside.cli.console.Console;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.rollout.GenerationSettings;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.text.Message;
import dev.flipside.text.Renderer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flipside chat}: a conversation with a model, line by line. */
@Command(
        name = "chat",
        description = {
            "Talks with a model that has a chat template: one line is one message, answers go to standard output as they are written.",
            "/help, /system TEXT, /reset, /score and /exit are commands. At a terminal Ctrl-C ends an answer, and the program where none is being written.",
            "With --json the whole conversation is printed at the end instead."
        })
public final class Chat extends FlipsideCommand {
    @Option(
            names = "--model",
            required = true,
            paramLabel = "MODEL",
            description = "A Hugging Face model directory, or org/name[@revision] on the Hub.")
    private String model;

    @Option(names = "--system", paramLabel = "TEXT", description = "A system message to begin with.")
    private Optional<String> system = Optional.empty();

    @Option(
            names = "--reward-model",
            paramLabel = "MODEL",
            description = "The reward model that /score asks: a directory, or a name on the Hub.")
    private Optional<String> rewardModel = Optional.empty();

    @Mixin
    private TemplateFlags template;

    @Mixin
    private SamplingFlags sampling;

    @Mixin
    private DtypeOption dtype;

    @Override
    protected int run(Console console) throws IOException {
        ChatTemplateConfig rendering = template.config();
        SamplingOptions options = sampling.options();
        Path directory = inputs(console).model("--model", model);
        Optional<Path> grader = rewardModel.map(name -> inputs(console).model("--reward-model", name));
        NativeLibraries.load(console, directory);
        Device device = Device.parse(common().device());
        Optional<ChatReward> reward = grader.map(
                path -> UserError.under("--reward-model", () -> ChatReward.open(path, device, dtype.precision())));
        try (CausalLm lm = CausalLm.constant(directory, device, dtype.precision());
                Renderer renderer = ModelRenderers.of(console, lm.files(), rendering)) {
            if (!renderer.hasTemplate()) {
                throw new UserError(
                        model
                                + " has no chat template, so it cannot tell turns apart; use `flipside generate` to continue plain text.");
            }
            try (Generator generator = new Generator(
                    lm, new GenerationSettings(1, List.of(), ids -> renderer.completionText(new int[0], ids)))) {
                ChatModel talking = new ChatModel(generator, lm.files(), renderer, options, new Seeds(sampling.seed()));
                if (console.typed()) {
                    console.info("/help shows the commands; Ctrl-C ends an answer, Ctrl-D the conversation");
                }
                List<Message> messages = new ChatSession(console, talking, reward, system).run(input());
                if (console.json()) {
                    console.result(() -> "", Map.of("messages", messages));
                }
            }
        } finally {
            reward.ifPresent(ChatReward::close);
        }
        return ExitCode.OK;
    }

    private BufferedReader input() {
        return new BufferedReader(new InputStreamReader(streams().in(), StandardCharsets.UTF_8));
    }
}

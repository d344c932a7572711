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
import dev.flipside.model.ModelFiles;
import dev.flipside.rollout.Completion;
import dev.flipside.rollout.GenerationSettings;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import dev.flipside.text.Renderer;
import dev.flipside.train.EndOfTurn;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
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
            "Talks with a model that has a chat template: one line is one message, replies go to standard output.",
            "/reset begins again, /exit or the end of the input ends. With --json the whole conversation is printed at the end instead."
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
        NativeLibraries.load(console, directory);
        try (CausalLm lm = CausalLm.constant(directory, Device.parse(common().device()), dtype.precision())) {
            Renderer renderer = ModelRenderers.of(console, lm.files(), rendering);
            if (!renderer.hasTemplate()) {
                throw new UserError(
                        model
                                + " has no chat template, so it cannot tell turns apart; use `flipside generate` to continue plain text.");
            }
            try (Generator generator = new Generator(
                    lm, new GenerationSettings(1, List.of(), ids -> renderer.completionText(new int[0], ids)))) {
                List<Message> messages =
                        talk(console, new Talk(generator, lm.files(), renderer, options, new Seeds(sampling.seed())));
                if (console.json()) {
                    console.result(() -> "", Map.of("messages", messages));
                }
            }
        }
        return ExitCode.OK;
    }

    /** What a reply is made with. */
    private record Talk(
            Generator generator, ModelFiles model, Renderer renderer, SamplingOptions options, Seeds seeds) {
        String reply(Conversation conversation, long turn) {
            int[] prompt = renderer.prompt(conversation);
            Completion completion = generator
                    .generate(List.of(prompt), 1, options, (p, sample) -> seeds.key(Seeds.Stream.GENERATE, turn, 0, 0))
                    .get(0)
                    .completions()
                    .get(0);
            return renderer.completionText(prompt, completion.ids());
        }
    }

    private List<Message> talk(Console console, Talk talk) throws IOException {
        BufferedReader reader =
                new BufferedReader(new InputStreamReader(streams().in(), StandardCharsets.UTF_8));
        List<Message> messages = opening();
        console.prompt("you> ");
        long turn = 0;
        for (String line = reader.readLine(); line != null && !line.strip().equals("/exit"); line = reader.readLine()) {
            if (line.strip().equals("/reset")) {
                messages = opening();
                console.info("a new conversation");
            } else if (!line.isBlank()) {
                answer(console, talk, messages, line, turn++);
            }
            console.prompt("you> ");
        }
        return messages;
    }

    private static void answer(Console console, Talk talk, List<Message> messages, String line, long turn) {
        messages.add(Message.user(line));
        try {
            if (turn == 0) {
                EndOfTurn.warning(talk.renderer(), talk.model(), new Conversation(messages))
                        .ifPresent(console::warn);
            }
            String reply = talk.reply(new Conversation(messages), turn);
            messages.add(Message.assistant(reply));
            console.line(reply);
        } catch (UserError e) {
            // The conversation may have outgrown the model's context: the person who is talking can begin again.
            messages.remove(messages.size() - 1);
            console.warn(e.getMessage() + " (/reset begins a new conversation)");
        }
    }

    private List<Message> opening() {
        List<Message> messages = new ArrayList<>();
        system.ifPresent(content -> messages.add(new Message(Message.SYSTEM, content)));
        return messages;
    }
}

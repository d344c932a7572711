package dev.flipside.cli;

import dev.flipside.cli.console.Streams;
import dev.flipside.config.ConfigReader;
import dev.flipside.text.ChatTemplate;
import dev.flipside.text.Conversation;
import dev.flipside.text.SpecialTokens;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import picocli.CommandLine;

/**
 * Loads the classes that commands start with, and ends. The launcher runs it once after a build and has Java archive
 * what was loaded ({@code -XX:ArchiveClassesAtExit}), so that later starts neither read nor verify those classes again.
 *
 * <p>No native library is loaded: a build must not unpack 1.0 GB, and no class of theirs is initialised.
 */
public final class SharedClasses {
    /** Jars to take whole: their classes are asked for by native code, or only once a model is there. */
    private static final Pattern WHOLE = Pattern.compile("(flipside|pytorch|javacpp|openblas|tokenizers)-[^/]*\\.jar");

    private static final String TEMPLATE =
            "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] | trim }}{% endfor %}"
                    + "{% if add_generation_prompt %}<|assistant|>{% endif %}";

    private SharedClasses() {}

    public static void main(String[] args) throws IOException {
        runCommands();
        new ChatTemplate("template", TEMPLATE, SpecialTokens.NONE, Clock.systemUTC())
                .render(Conversation.ofPrompt("text"), true);
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path file = Path.of(entry);
            if (WHOLE.matcher(file.getFileName().toString()).matches()) {
                load(file);
            }
        }
    }

    /** Every command as far as it comes without a model: its help, the reading of its input, an error. */
    private static void runCommands() throws IOException {
        run("", "--version");
        run("", "--help");
        for (String command :
                new CommandLine(new Main(streams(""))).getSubcommands().keySet()) {
            run("", command, "--help");
        }
        run("{\"id\": 1, \"prompt\": \"text\"}\nno JSON", "score", "--model", "none");
        Path config = Files.createTempFile("flipside", ".yaml");
        try {
            Files.writeString(config, "reward_model:\n  model: none\ndata:\n  preferences: none\n");
            ConfigReader.rewardTraining(config, List.of());
        } finally {
            Files.delete(config);
        }
    }

    private static void run(String input, String... arguments) {
        Main.run(streams(input), arguments);
    }

    private static Streams streams(String input) {
        InputStream in = new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8));
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        return new Streams(in, nowhere, nowhere, 0);
    }

    private static void load(Path jar) throws IOException {
        List<String> names = new ArrayList<>();
        try (JarFile file = new JarFile(jar.toFile())) {
            file.stream()
                    .map(entry -> entry.getName())
                    .filter(name -> name.endsWith(".class") && !name.endsWith("-info.class"))
                    .filter(name -> !name.startsWith("META-INF/"))
                    .forEach(name -> names.add(
                            name.substring(0, name.length() - ".class".length()).replace('/', '.')));
        }
        for (String name : names) {
            try {
                Class.forName(name, false, SharedClasses.class.getClassLoader());
            } catch (ClassNotFoundException | LinkageError e) {
                // Support for a library that is not there, such as JavaCPP's builder: no command needs it.
                continue;
            }
        }
    }
}

package dev.flipside.cli.model;

import dev.flipside.config.Spelling;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What a line of {@code flipside chat} that begins with a slash asks for. */
enum ChatCommand {
    HELP("", "shows these commands"),
    SYSTEM(" TEXT", "sets the system message; without TEXT shows it"),
    RESET("", "begins a new conversation; the system message stays"),
    SCORE("", "scores the last answer with the model of --reward-model"),
    EXIT("", "ends, as the end of the input does (Ctrl-D)");

    private static final Pattern LINE = Pattern.compile("/(\\w+)(?:\\s+(.*))?");

    private final String argument;
    private final String meaning;

    ChatCommand(String argument, String meaning) {
        this.argument = argument;
        this.meaning = meaning;
    }

    /**
     * A line that is written like a command.
     *
     * @param name without its slash
     * @param argument the rest of the line, perhaps empty
     */
    record Line(String name, String argument) {
        /** Empty for a message: {@code /etc/hosts is ...} is one, and what begins with a space. */
        static Optional<Line> of(String text) {
            Matcher line = LINE.matcher(text);
            return line.matches()
                    ? Optional.of(new Line(
                            line.group(1),
                            Optional.ofNullable(line.group(2)).orElse("").strip()))
                    : Optional.empty();
        }

        /** Empty where no command has the name. */
        Optional<ChatCommand> command() {
            return Arrays.stream(values())
                    .filter(command -> Spelling.of(command).equals(name))
                    .findFirst();
        }

        /** What is said of a name that no command has. */
        String unknown() {
            List<String> names = Arrays.stream(values())
                    .map(command -> "/" + Spelling.of(command))
                    .toList();
            return "there is no command /" + name + Spelling.suggestion("/" + name, names)
                    + "; /help shows them, and a space before the slash makes the line a message.";
        }
    }

    /** All of them, one a line. */
    static String help() {
        return Arrays.stream(values())
                .map(command ->
                        String.format("%-13s %s", "/" + Spelling.of(command) + command.argument, command.meaning))
                .collect(Collectors.joining("\n"));
    }
}

package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * The pages of the project can be read and followed: short sentences, links that lead somewhere, commands and files
 * that exist.
 */
class DocsTest {
    private static final Pattern COMMAND =
            Pattern.compile("(?m)(?:^|[|;(]|&&|\\bdo)\\s*(?:[A-Z_]+=\\S+\\s+)*\\./flipside\\b(.*)");
    /** Where the shell takes over: a pipe, a redirection, a comment, the end of a parenthesis. */
    private static final Pattern END_OF_COMMAND = Pattern.compile("\\s+(?:[|&>#;]|2>).*|\\)\\s*$|;.*");

    private static final Pattern ARGUMENT = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");
    private static final Pattern NAMED_COMMAND = Pattern.compile("(?:\\./)?flipside ([a-z].*)");
    private static final Pattern OPTION = Pattern.compile("(?<=\\s)--[a-z][a-z-]*");
    private static final Pattern CLASS = Pattern.compile("([A-Z]\\w*[a-z]\\w*)(?:\\.(\\w+))?");
    private static final Pattern TESTS = Pattern.compile("-Dtest=['\"]?([\\w,*]+)");
    private static final Pattern FILE = Pattern.compile(
            "(?:\\.\\./)?((?:core/src|cli/src|bench|docs/decisions|evidence|examples|\\.ci|\\.github)/[\\w./-]*\\w|docs/[\\w-]+\\.\\w+)(?:#.*)?");

    private static Map<Path, DocsPage> pages;

    @BeforeAll
    static void read() throws IOException {
        pages = DocsPage.all().stream().collect(Collectors.toMap(DocsPage::path, page -> page));
        assertThat(pages).hasSizeGreaterThan(10).containsKey(Path.of("docs/configuration.md"));
    }

    @Test
    void noSentenceHasMoreThan35Words() {
        assertThat(pages.values().stream().flatMap(page -> page.longSentences().stream()))
                .isEmpty();
    }

    @Test
    void noLineHasMoreThan120Characters() {
        assertThat(pages.values().stream().flatMap(page -> page.longLines().stream()))
                .isEmpty();
    }

    @Test
    void aSourceLineHoldsOneSentence() {
        assertThat(pages.values().stream().flatMap(page -> page.crowdedLines().stream()))
                .isEmpty();
    }

    @Test
    void linksLeadSomewhere() {
        assertThat(pages.values().stream().flatMap(page -> page.brokenLinks(pages).stream()))
                .isEmpty();
    }

    @Test
    void faultsOfAPageAreFound() {
        String sentence = "word ".repeat(35) + "end.";
        DocsPage page = DocsPage.of(
                Path.of("docs/made-up.md"),
                "# Made up\n\n" + sentence + "\n\nOne. Two.\n\n| a | b |\n|---|---|\n| " + sentence + " | "
                        + "x".repeat(120)
                        + " |\n\n[here](#made-up) [there](#nowhere) [file](data.md) [gone](gone.md)\n");
        Map<Path, DocsPage> all = Map.of(page.path(), page);

        assertThat(page.longSentences()).hasSize(2).first().asString().startsWith("docs/made-up.md:3: 36 words");
        assertThat(page.longLines()).containsExactly("docs/made-up.md:3: 179 characters");
        assertThat(page.crowdedLines()).containsExactly("docs/made-up.md:5: One. Two.");
        assertThat(page.brokenLinks(all)).containsExactly("docs/made-up.md: #nowhere", "docs/made-up.md: gone.md");
    }

    @Test
    void wrongCommandsAreFound() {
        assertThat(complaint(" train save.yaml save.preset=off --resume   # goes on"))
                .isEmpty();
        assertThat(complaint(" generate --model DIR --greedy | head -1")).isEmpty();
        assertThat(complaint(" trian save.yaml")).isPresent();
        assertThat(complaint(" train save.yaml --resum")).isPresent();
        assertThat(complaint(" eval-policy gms8k --model DIR")).isPresent();
    }

    @Test
    void commandsInBlocksAreOnesThatFlipsideTakes() {
        List<String> wrong = new ArrayList<>();
        int seen = 0;
        for (DocsPage page : pages.values()) {
            for (DocsPage.Block block : page.blocks()) {
                Matcher commands = COMMAND.matcher(block.text().replace("\\\n", " "));
                while (commands.find()) {
                    seen++;
                    complaint(commands.group(1)).ifPresent(why -> wrong.add(page.path() + ": " + why));
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(seen).isGreaterThan(20);
    }

    /** What picocli says of a command line, such as {@code "train save.yaml --resume # goes on"}. */
    private static Optional<String> complaint(String arguments) {
        String[] words = ARGUMENT.matcher(END_OF_COMMAND.matcher(arguments).replaceFirst(""))
                .results()
                .map(word -> Stream.of(1, 2, 3)
                        .map(word::group)
                        .filter(part -> part != null)
                        .findFirst()
                        .orElseThrow())
                .toArray(String[]::new);
        // "..." stands for what the reader fills in.
        if (Arrays.asList(words).contains("...")) {
            return Optional.empty();
        }
        try {
            commandLine().parseArgs(words);
            return Optional.empty();
        } catch (ParameterException e) {
            return Optional.of(String.join(" ", words) + ": " + e.getMessage());
        }
    }

    private static CommandLine commandLine() {
        return new CommandLine(new Main(new Captured().streams(0))).setCaseInsensitiveEnumValuesAllowed(true);
    }

    @Test
    void commandsInTheTextExistWithTheirOptions() {
        List<String> wrong = new ArrayList<>();
        for (DocsPage page : pages.values()) {
            for (String code : page.code()) {
                Matcher named = NAMED_COMMAND.matcher(code);
                if (named.matches()) {
                    CommandSpec spec = commandLine().getCommandSpec();
                    String[] words = named.group(1).split("\\s+");
                    for (int i = 0; i < words.length && !spec.subcommands().isEmpty(); i++) {
                        CommandLine next = spec.subcommands().get(words[i]);
                        if (next == null) {
                            wrong.add(page.path() + ": " + code + ": no command " + words[i]);
                            break;
                        }
                        spec = next.getCommandSpec();
                    }
                    Matcher options = OPTION.matcher(code);
                    while (options.find()) {
                        if (!spec.optionsMap().containsKey(options.group())) {
                            wrong.add(page.path() + ": " + code + ": no option " + options.group());
                        }
                    }
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void filesThatAreNamedExist() {
        List<String> wrong = new ArrayList<>();
        for (DocsPage page : pages.values()) {
            for (String code : page.code()) {
                Matcher file = FILE.matcher(code);
                if (file.matches() && !Files.exists(DocsPage.ROOT.resolve(file.group(1)))) {
                    wrong.add(page.path() + ": " + code);
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    /** A class, or a class and one of its methods or records. */
    @Test
    void classesOfTheWalkthroughExist() throws IOException {
        Map<String, String> sources = new HashMap<>();
        for (String module : List.of("core", "cli")) {
            try (Stream<Path> files = Files.walk(DocsPage.ROOT.resolve(module + "/src"))) {
                for (Path file :
                        files.filter(f -> f.toString().endsWith(".java")).toList()) {
                    sources.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
                }
            }
        }
        List<String> wrong = new ArrayList<>();
        int seen = 0;
        for (String code : pages.get(Path.of("docs/walkthrough.md")).code()) {
            Matcher name = CLASS.matcher(code);
            if (name.matches()) {
                seen++;
                String source = sources.getOrDefault(name.group(1), "");
                if (source.isEmpty() || name.group(2) != null && !source.contains(" " + name.group(2) + "(")) {
                    wrong.add(code);
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(seen).isGreaterThan(40);
    }

    @Test
    void testsThatAreNamedInCommandsExist() throws IOException {
        List<String> names;
        try (Stream<Path> core = Files.walk(DocsPage.ROOT.resolve("core/src/test/java"));
                Stream<Path> cli = Files.walk(DocsPage.ROOT.resolve("cli/src/test/java"))) {
            names = Stream.concat(core, cli)
                    .map(file -> file.getFileName().toString().replace(".java", ""))
                    .toList();
        }
        List<String> wrong = new ArrayList<>();
        for (DocsPage page : pages.values()) {
            Matcher tests = TESTS.matcher(String.join("\n", page.lines()));
            while (tests.find()) {
                for (String name : tests.group(1).split(",")) {
                    Pattern pattern = Pattern.compile(name.replace("*", ".*"));
                    if (names.stream().noneMatch(pattern.asMatchPredicate())) {
                        wrong.add(page.path() + ": " + name);
                    }
                }
            }
        }
        assertThat(wrong).isEmpty();
    }
}

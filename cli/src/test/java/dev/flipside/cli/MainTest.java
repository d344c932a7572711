package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Streams;
import dev.flipside.config.UserError;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class MainTest {
    @Test
    void helpNamesTheCommands() {
        CommandRun run = CommandRun.of("--help");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("doctor").contains("Exit code");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void helpIsGivenByEveryCommand() {
        for (String[] args : new String[][] {
            {"help"}, {"help", "train"}, {"train", "--help"}, {"data", "inspect", "-h"}, {"eval-policy", "--help"}
        }) {
            CommandRun run = CommandRun.of(args);
            assertThat(run.exitCode()).as(String.join(" ", args)).isZero();
            assertThat(run.out()).contains("Usage: flipside");
        }
    }

    @Test
    void versionIsTheBuilds() {
        assertThat(CommandRun.of("--version").out()).matches("flipside \\d+\\.\\d+\\.\\d+\\S*, Java .*\\R");
    }

    @Test
    void wrongCommandLinesAreOneSentenceAndExitCodeTwo() {
        for (String[] args : new String[][] {
            {},
            {"trian"},
            {"doctor", "--devise", "cpu"},
            {"doctor", "--threads", "0"},
            {"doctor", "--threads", "two"},
            {"trian", "--help"},
            {"--help", "trian"},
            {"--trian", "--help"},
            {"--version", "trian"},
            {"help", "trian"},
            {"doctor", "--devise", "--help"},
            {"doctor", "-h", "--devise"},
            {"doctor", "cpu", "--help"},
            {"eval-policy", "gsm9k", "--help"},
            {"eval-policy", "gsm8k", "--modle", "m", "--help"},
            {"data", "inspekt", "--help"},
            {"data", "--inspekt", "--help"}
        }) {
            CommandRun run = CommandRun.of(args);

            assertThat(run.exitCode()).as(String.join(" ", args)).isEqualTo(2);
            assertThat(run.err().lines()).singleElement().asString().contains("--help");
            assertThat(run.out()).isEmpty();
        }
    }

    @Test
    void theWrongWordIsNamed() {
        assertThat(CommandRun.of("trian").err())
                .startsWith("flipside: 'trian' is not a command (did you mean 'train'?) (");
        assertThat(CommandRun.of("data", "inspekt").err())
                .startsWith("flipside data: 'inspekt' is not a command (did you mean 'inspect'?) (");
        assertThat(CommandRun.of("stray").err()).startsWith("flipside: 'stray' is not a command");
        assertThat(CommandRun.of("doctor", "--threads", "0").err()).startsWith("flipside doctor: --threads is 0");
        assertThat(CommandRun.of("doctor", "--threads", "two").err())
                .startsWith("flipside doctor: Invalid value for option '--threads': 'two' is not a whole number (");
        assertThat(CommandRun.of("doctor", "--threads", "99999999999").err())
                .startsWith("flipside doctor: Invalid value for option '--threads': '99999999999' is out of range (");
        assertThat(CommandRun.of("train", "none.yaml", "--from-step", "2.5").err())
                .contains("'--from-step': '2.5' is not a whole number (");
        assertThat(CommandRun.of("generate", "--model", "m", "--temperature", "warm")
                        .err())
                .contains("'--temperature': 'warm' is not a number (");
    }

    @Test
    void aDeviceThatIsNotThereIsTheUsersToMend() {
        CommandRun run = CommandRun.of("doctor", "--device", "tpu");

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("'tpu'").contains("cuda:N").doesNotContain("\tat ");
    }

    @Test
    void otherFailuresAreOneLineWithAHintAndExitCodeOne() {
        assertThat(failing(new IllegalStateException("first line\nnative stack"), ""))
                .isEqualTo(
                        "1: flipside failed: IllegalStateException: first line\nRun it again with --debug to see where.\n");
        assertThat(failing(new RuntimeException("CUDA out of memory"), ""))
                .startsWith("1: flipside failed: CUDA out of memory\n");
        assertThat(failing(new UserError("the key is wrong."), "")).isEqualTo("2: flipside: the key is wrong.\n");
    }

    @Test
    void debugShowsTheStack() {
        assertThat(failing(new UserError("the key is wrong."), "--debug")).contains("\tat " + MainTest.class.getName());
        assertThat(failing(new IllegalStateException("x"), "--debug"))
                .contains("\tat ")
                .doesNotContain("--debug");
    }

    /** The exit code and standard error of a command that fails, run below the real root. */
    private static String failing(RuntimeException failure, String option) {
        StringWriter err = new StringWriter();
        InputStream in = InputStream.nullInputStream();
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        CommandLine line = new CommandLine(new Main(new Streams(in, nowhere, nowhere, 0)));
        line.addSubcommand(new Failing(failure));
        line.setErr(new PrintWriter(err, true));
        line.setExecutionExceptionHandler((thrown, command, parsed) -> Failures.report(thrown, command));
        int exitCode = option.isEmpty() ? line.execute("failing") : line.execute("failing", option);
        return exitCode + ": " + err.toString().replace(System.lineSeparator(), "\n");
    }

    @Command(name = "failing")
    static final class Failing extends FlipsideCommand {
        private final RuntimeException failure;

        Failing(RuntimeException failure) {
            this.failure = failure;
        }

        @Override
        protected int run(Console console) {
            throw failure;
        }
    }
}

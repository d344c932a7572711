package dev.flipside.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.flipside.Waiting;
import dev.flipside.config.UserError;
import dev.flipside.reward.RewardFunction.Sample;
import dev.flipside.text.Conversation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Programs of the shell, which are there wherever this runs. */
class ProcessRewardTest {
    private static final Duration LONGEST = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    private static RewardFunction process(double timeout, String script) {
        return RewardFunctions.find("process", Map.of("command", List.of("sh", "-c", script), "timeout", timeout));
    }

    private static Sample sample(String completion) {
        return new Sample(Conversation.ofPrompt("?"), completion, new int[] {1}, true, Map.of());
    }

    private static final List<Sample> TWO = List.of(sample("a"), sample("b"));

    @Test
    void oneProgramAnswersUntilItsInputEnds() throws IOException {
        Path notes = folder.resolve("notes");
        String script = "echo began >>" + notes + "; while read line; do echo \"$line\" >>" + notes
                + "; echo '[1, null]'; done; echo ended >>" + notes;
        try (RewardFunction process = process(20, script)) {
            assertThat(Files.exists(notes)).as("started before it is needed").isFalse();
            assertThat(process.score(TWO)).containsExactly(1, Double.NaN);
            assertThat(process.score(TWO)).containsExactly(1, Double.NaN);
        }
        assertThat(Files.readAllLines(notes)).hasSize(4).startsWith("began").endsWith("ended");
        assertThat(Files.readAllLines(notes).get(1))
                .isEqualTo(
                        "{\"prompts\":[\"?\",\"?\"],\"completions\":[\"a\",\"b\"],\"completion_ids\":[[1],[1]],\"finished\":[true,true]}");
    }

    @Test
    void aBatchIsALine() {
        String script = "while read -r line; do echo \"[${#line}]\"; done";
        try (RewardFunction process =
                RewardFunctions.find("process", Map.of("command", List.of("sh", "-c", script), "batch_size", 1))) {
            double[] lengths = process.score(List.of(sample("é"), sample("line\nbreak"), sample("abc")));
            // The accent and the line break are escaped.
            assertThat(lengths[0] - lengths[2]).isEqualTo("\\u00E9".length() - 3);
            assertThat(lengths[1] - lengths[2]).isEqualTo("line\\nbreak".length() - 3);
        }
    }

    @Test
    void whatItWritesToStandardErrorIsLogged() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger("dev.flipside.reward.process");
        Level before = logger.getLevel();
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(lines);
        try (RewardFunction process = process(20, "echo loading >&2; read line; echo '[1, 2]'; cat")) {
            process.score(TWO);
            Waiting.until(LONGEST, "a line is logged", () -> !new ArrayList<>(lines.list).isEmpty());
            assertThat(lines.list).singleElement().satisfies(event -> {
                assertThat(event.getFormattedMessage()).isEqualTo("loading");
                assertThat(event.getLevel()).isEqualTo(Level.INFO);
            });
        } finally {
            logger.detachAppender(lines);
            logger.setLevel(before);
        }
    }

    @Test
    void aProgramThatEndsIsNamedWithItsLastWords() {
        refusal(process(20, "read line; echo first >&2; echo 'no model there' >&2; exit 3"))
                .hasMessageStartingWith("Reward function 'process': sh -c read line; echo")
                .hasMessageContaining(
                        "ended with exit code 3, and the last line that it wrote to standard error is 'no model there'; mend it");
        refusal(process(20, "exit 0"))
                .hasMessageContaining("ended with exit code 0, and wrote nothing to standard error");
        refusal(RewardFunctions.find("process", Map.of("command", List.of("flipside-no-such-program"))))
                .hasMessageContaining("ended with exit code 127")
                .hasMessageContaining("flipside-no-such-program: not found'; correct the option command.");
    }

    @Test
    void aProgramThatAnswersNothingInTimeIsEnded() throws Exception {
        Path pid = folder.resolve("pid");
        refusal(process(0.5, "echo $$ >" + pid + "; echo working >&2; cat >" + folder.resolve("input")))
                .hasMessageContaining("gave no answer within 0.5 s")
                .hasMessageContaining("'working'; raise the option timeout");
        long child = Long.parseLong(Files.readString(pid).strip());
        Waiting.until(LONGEST, "it has ended", () -> ProcessHandle.of(child).isEmpty());
    }

    @Test
    void anythingElseOnStandardOutputIsShown() {
        refusal(process(20, "read line; echo 'starting up'; cat"))
                .hasMessageContaining("answered with 'starting up', which is neither a JSON list of numbers");
        refusal(process(20, "read line; echo '[1]'; cat"))
                .hasMessageContaining("answered with 1 rewards for 2 completions");
        refusal(process(20, "read line; echo '[1, NaN]'; cat"))
                .hasMessageContaining("answered with NaN as the reward of completion 2 of 2");
    }

    /** Ctrl-C at a terminal reaches every process there; a run that is stopped so finishes its step. */
    @Test
    void anInterruptDoesNotEndTheProgram() {
        try (RewardFunction process = process(20, "read line; kill -s INT $$; echo '[1, 2]'; cat")) {
            assertThat(process.score(TWO)).containsExactly(1, 2);
        }
    }

    private static org.assertj.core.api.AbstractThrowableAssert<?, ?> refusal(RewardFunction process) {
        try (process) {
            return assertThatThrownBy(() -> process.score(TWO)).isInstanceOf(UserError.class);
        }
    }
}

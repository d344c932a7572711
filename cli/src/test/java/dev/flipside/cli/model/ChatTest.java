package dev.flipside.cli.model;

import static dev.flipside.cli.model.RowRun.parse;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.TinyModel;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTest {
    @TempDir
    static Path folder;

    private static String policy;

    @BeforeAll
    static void writeModel() throws IOException {
        policy = TinyModel.policy(folder.resolve("policy")).toString();
    }

    @Test
    void chatAnswersLineByLineAndResets() {
        CommandRun run = CommandRun.withInput(
                "hello\nand then?\n/reset\nhello\n/exit\nnever read\n",
                "chat",
                "--model",
                policy,
                "--greedy",
                "--max-completion-length",
                "5",
                "--json");

        JsonNode messages = parse(run.out()).path("messages");
        assertThat(run.out().lines()).hasSize(1);
        assertThat(messages).hasSize(2);
        assertThat(messages.get(0).path("content").asText()).isEqualTo("hello");
        String reply = messages.get(1).path("content").asText();
        CommandRun plain =
                CommandRun.withInput("hello\n", "chat", "--model", policy, "--greedy", "--max-completion-length", "5");
        assertThat(plain.out()).isEqualTo(reply + "\n");
    }

    @Test
    void chatSurvivesAConversationThatIsTooLong() {
        CommandRun run = CommandRun.withInput(
                "hello ".repeat(TinyModel.CONTEXT) + "\nhello\n",
                "chat",
                "--model",
                policy,
                "--greedy",
                "--max-completion-length",
                "5",
                "--system",
                "be brief",
                "--json");

        assertThat(run.exitCode()).isZero();
        assertThat(run.err()).contains("warning: ").contains("/reset");
        assertThat(parse(run.out()).path("messages")).hasSize(3);
    }
}

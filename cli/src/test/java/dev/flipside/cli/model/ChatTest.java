package dev.flipside.cli.model;

import static dev.flipside.cli.model.RowRun.parse;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.TinyModel;
import dev.flipside.cli.console.Numbers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path folder;

    private static String policy;
    private static String rewardModel;

    @BeforeAll
    static void writeModels() throws IOException {
        policy = TinyModel.policy(folder.resolve("policy")).toString();
        rewardModel = TinyModel.rewardModel(Path.of(policy), folder.resolve("reward-model"), 0.25)
                .toString();
    }

    private static CommandRun chat(String input, String... more) {
        return CommandRun.withInput(
                input,
                Stream.concat(
                                Stream.of("chat", "--model", policy, "--greedy", "--max-completion-length", "5"),
                                Stream.of(more))
                        .toArray(String[]::new));
    }

    @Test
    void chatAnswersLineByLineAndResets() {
        CommandRun run = chat("hello\nand then?\n/reset\nhello\n/exit\nnever read\n", "--json");

        JsonNode messages = parse(run.out()).path("messages");
        assertThat(run.out().lines()).hasSize(1);
        assertThat(messages).hasSize(2);
        assertThat(messages.get(0).path("content").asText()).isEqualTo("hello");
        String reply = messages.get(1).path("content").asText();
        CommandRun plain = chat("hello\n");
        assertThat(plain.out()).isEqualTo(reply + "\n");
        assertThat(plain.err()).isEqualTo("(cut after 5 tokens, as --max-completion-length says)\n");
    }

    @Test
    void aMessageThatIsTooLongIsNotSent() {
        CommandRun run = chat("hello ".repeat(TinyModel.CONTEXT) + "\nhello\n", "--system", "be brief", "--json");

        assertThat(run.exitCode()).isZero();
        assertThat(run.err())
                .contains("warning: The message has ", "context of 96 leaves no room for an answer: shorten it.")
                .contains("/reset");
        assertThat(parse(run.out()).path("messages")).hasSize(3);
    }

    @Test
    void aConversationThatOutgrowsTheContextLosesItsOldestExchanges() {
        String question = "1".repeat(60); // a digit is a token
        CommandRun run = chat((question + "\n").repeat(3), "--json").succeeded();

        assertThat(run.err())
                .containsOnlyOnce(
                        "warning: the conversation has outgrown the model's context of 96 tokens: from now on its oldest exchanges are no longer read.");
        JsonNode messages = parse(run.out()).path("messages");
        assertThat(messages).hasSize(6);
        // With nothing but the message before it every answer is the first one.
        assertThat(messages.get(5).path("content").asText())
                .isEqualTo(messages.get(1).path("content").asText());
    }

    @Test
    void commandsAreObeyedBesideTheAnswers() {
        CommandRun run = chat("/help\n/system\n/system be brief\n/system\nhello\n/reset\n/system\n", "--quiet");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).isEqualTo(chat("hello\n", "--system", "be brief").out());
        assertThat(run.err().lines())
                .containsExactly(
                        "/help         shows these commands",
                        "/system TEXT  sets the system message; without TEXT shows it",
                        "/reset        begins a new conversation; the system message stays",
                        "/score        scores the last answer with the model of --reward-model",
                        "/exit         ends, as the end of the input does (Ctrl-D)",
                        "there is no system message; /system TEXT sets one",
                        "system message: be brief",
                        "system message: be brief");
    }

    @ParameterizedTest
    @CsvSource({
        "/resett, there is no command /resett (did you mean '/reset'?); /help shows them",
        "/frobnicate now, there is no command /frobnicate; /help shows them",
        "/score, start `flipside chat` with --reward-model MODEL."
    })
    void whatNoCommandCanDoIsASentence(String line, String sentence) {
        CommandRun run = chat(line + "\n");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("warning: ").contains(sentence).hasLineCount(1);
    }

    @Test
    void aMessageMayBeginWithASlash() {
        JsonNode messages =
                parse(chat("/etc/hosts is what?\n /help\n", "--json").out()).path("messages");

        assertThat(messages).hasSize(4);
        assertThat(messages.get(0).path("content").asText()).isEqualTo("/etc/hosts is what?");
        assertThat(messages.get(2).path("content").asText()).isEqualTo(" /help");
    }

    /** Where every token is an end token, an answer ends with its first. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theLastExchangeIsScoredAsScoreDoes(boolean ends) throws IOException {
        Path model = TinyModel.policy(folder.resolve("policy-" + ends));
        if (ends) {
            String all = IntStream.range(0, 320).mapToObj(Integer::toString).collect(Collectors.joining(","));
            Files.writeString(model.resolve("generation_config.json"), "{\"eos_token_id\": [" + all + "]}");
        }
        CommandRun run = CommandRun.withInput(
                "/score\nhello\nand then?\n/score\n",
                "chat",
                "--model",
                model.toString(),
                "--reward-model",
                rewardModel,
                "--greedy",
                "--max-completion-length",
                "5",
                "--json");
        List<String> said = run.err().lines().toList();

        assertThat(said.get(0)).isEqualTo("warning: There is no answer to score yet: send a message.");
        String score = said.get(said.size() - 1);
        assertThat(score).matches("score \\S+, value of the prompt 0\\.250, advantage [+-]\\S+.*");
        assertThat(score.endsWith(" (of an answer that was cut)")).isEqualTo(!ends);
        String row = JSON.writeValueAsString(Map.of("messages", parse(run.out()).path("messages")));
        double whole = CommandRun.withInput(row, "score", "--model", rewardModel)
                .json()
                .path("score")
                .asDouble();
        // An answer that was cut has no end of its turn to be read at.
        assertThat(score.startsWith("score " + Numbers.number(whole) + ",")).isEqualTo(ends);
    }

    @Test
    void aModelThatIsNoRewardModelIsRefusedBeforeTheFirstMessage() {
        CommandRun run = chat("hello\n", "--reward-model", policy);

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("flipside: --reward-model: ").contains("is not a reward model");
    }
}

package dev.flipside.eval.judge;

import static dev.flipside.eval.judge.JudgeFixture.ask;
import static dev.flipside.eval.judge.JudgeFixture.question;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.UserError;
import dev.flipside.eval.judge.JudgeServer.Fault;
import dev.flipside.eval.judge.JudgeServer.Reply;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which answers of a judge are kept, and what becomes of those that are of no use. */
class JudgeAnswersTest {
    @TempDir
    Path folder;

    private JudgeServer server;

    @BeforeEach
    void start() throws IOException {
        server = JudgeFixture.echo();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Judge judge() {
        return JudgeFixture.judge(server, folder);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<html>Welcome</html>",
                "",
                "{\"choices\": [",
                "{\"choices\": []}",
                "[1]",
                "{} {}",
                "{\"error\": 1}"
            })
    void aBodyThatIsNoCompletionIsToldAndNotKept(String body) throws Exception {
        server.meet(Fault.status(200, body));
        assertThatThrownBy(() -> ask(judge(), "q"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(server.url())
                .hasMessageContaining("answered with");
        assertThat(ask(judge(), "q")).isEqualTo("echo q");
    }

    @Test
    void anAnswerThatCannotBeUsedIsNotKeptAndEndsTheRun() {
        server.delay(20);
        List<ChatRequest> requests =
                IntStream.range(0, 200).mapToObj(i -> question("q" + i)).toList();
        assertThatThrownBy(() -> judge().ask(
                                requests,
                                reply -> {
                                    throw new UserError("no logprobs");
                                },
                                result -> true,
                                done -> {}))
                .isInstanceOf(UserError.class)
                .hasMessage("no logprobs");
        assertThat(server.requests()).hasSizeLessThan(50);
        try (Stream<Path> files = Files.walk(folder)) {
            assertThat(files.filter(Files::isRegularFile)).isEmpty();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** What servers send where the judge says nothing that could be a verdict. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'finish_reason': 'stop', 'message': {'role': 'assistant', 'content': null}}",
                "{'finish_reason': 'stop', 'message': {'role': 'assistant'}}",
                "{'finish_reason': 'stop', 'message': {'role': 'assistant', 'content': ''}}",
                "{'finish_reason': 'stop', 'message': {'role': 'assistant', 'content': null, 'refusal': 'I cannot.'}}",
                "{'finish_reason': 'stop', 'message': {'role': 'assistant', 'content': 'I cannot say.'}}",
                "{'finish_reason': 'length', 'message': {'role': 'assistant', 'content': 'First of all, [[A'}}",
                "{'finish_reason': 'length', 'message': {'content': null, 'reasoning_content': 'So [[A]]'}}",
                "{'finish_reason': 'stop', 'message': {'content': {'text': '[[A]]'}}}",
                "{'finish_reason': 'content_filter', 'message': {'content': 'As [[A]] or'}}",
                "{'finish_reason': 'error', 'error': {'code': 502}, 'message': {'content': 'As [[A]] or'}}"
            })
    void anAnswerWithoutAVerdictIsAskedForAgainNextTime(String choice) throws Exception {
        String body = ("{'choices': [" + choice + "]}").replace('\'', '"');
        server.close();
        server = new JudgeServer(JudgeServer.KEY, request -> Reply.of("So [[B]]"));
        server.meet(Fault.status(200, body));
        assertThat(verdict()).isEmpty();
        assertThat(verdict()).hasValue(Versus.Winner.SECOND);
        assertThat(server.requests()).hasSize(2);
        assertThat(verdict()).hasValue(Versus.Winner.SECOND);
        assertThat(server.requests()).hasSize(2);

        // An old cache that holds such an answer.
        try (Stream<Path> files = Files.walk(folder)) {
            Path entry = files.filter(Files::isRegularFile).findFirst().orElseThrow();
            Files.writeString(entry, "{\"url\": \"u\", \"request\": {}, \"response\": " + body + "}\n");
        }
        assertThat(verdict()).hasValue(Versus.Winner.SECOND);
        assertThat(server.requests()).hasSize(3);
        assertThat(verdict()).hasValue(Versus.Winner.SECOND);
        assertThat(server.requests()).hasSize(3);
    }

    private Optional<Versus.Winner> verdict() throws Exception {
        return judge().ask(
                        List.of(question("q")), reply -> Versus.winner(reply.text()), Optional::isPresent, done -> {})
                .get(0);
    }

    /**
     * AlpacaEval's judge says one token, so that its answer is always cut off; one that says nothing has no
     * log-probabilities either.
     */
    @Test
    void alpacaEvalsAnswersAreKeptOnlyWithAPreference() throws Exception {
        server.close();
        server = new JudgeServer(JudgeServer.KEY, request -> Reply.preferring(0.75));
        server.meet(
                Fault.status(200, "{\"choices\": [{\"finish_reason\": \"length\", \"message\": {\"content\": null}}]}"),
                Fault.status(
                        200,
                        "{\"choices\": [{\"finish_reason\": \"length\", \"message\": {\"content\": \"I\"}, \"logprobs\": {\"content\": [{\"token\": \"I\", \"top_logprobs\": [{\"token\": \"I\", \"logprob\": -0.1}]}]}}]}"));
        assertThat(preferred()).isNaN();
        assertThat(preferred()).isNaN();
        assertThat(preferred()).isCloseTo(0.75, within(1e-9));
        assertThat(preferred()).isCloseTo(0.75, within(1e-9));
        assertThat(server.requests()).hasSize(3);
    }

    private double preferred() throws Exception {
        return judge().ask(
                        List.of(question("q")),
                        AlpacaEval::firstPreferred,
                        preferred -> !Double.isNaN(preferred),
                        done -> {})
                .get(0);
    }

    @Test
    void aDamagedEntryIsAskedForAgain() throws Exception {
        ask(judge(), "q");
        try (Stream<Path> files = Files.walk(folder)) {
            Path entry = files.filter(Files::isRegularFile).findFirst().orElseThrow();
            byte[] whole = Files.readAllBytes(entry);
            Files.write(entry, Arrays.copyOf(whole, whole.length / 2));
        }
        assertThat(ask(judge(), "q")).isEqualTo("echo q");
        assertThat(server.requests()).hasSize(2);
        ask(judge(), "q");
        assertThat(server.requests()).hasSize(2);
    }
}

package dev.flipside.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.SharedFiles;
import dev.flipside.config.UserError;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTextTest {
    private static final Preference COLOURS =
            new Preference(Conversation.ofPrompt("What colour?"), "Blue.", "Green.", OptionalDouble.empty());

    private static final String LIKE_MESSAGES =
            "a text that is written like a list of messages but is not JSON (Python's spelling of a list, or one that is cut off?); write the list itself or its JSON, such as json.dumps makes.";

    private static Row row(String column, String text) {
        ObjectNode columns = JsonRows.MAPPER.createObjectNode();
        columns.put(column, text);
        return new Row("data.jsonl, line 2", columns);
    }

    private static Conversation prompt(String text) {
        return PromptData.example(row("prompt", text)).prompt();
    }

    @ParameterizedTest
    @ValueSource(strings = {"json-cells.csv", "json-text-pairs.jsonl"})
    void pairsWrittenAsJsonIntoTextsAreMessages(String name) {
        assertThat(PreferenceData.read(SharedFiles.require("cases/tables/" + name), new Margin.None())
                        .pairs())
                .containsExactly(COLOURS);
        assertThat(PromptData.read(SharedFiles.require("cases/tables/" + name))
                        .get(0)
                        .prompt())
                .isEqualTo(COLOURS.prompt());
    }

    @Test
    void aPromptWrittenAsJsonIntoATextIsMessages() {
        assertThat(PromptData.read(SharedFiles.require("cases/tables/json-text-prompt.jsonl"))
                        .get(0)
                        .prompt())
                .isEqualTo(COLOURS.prompt());
        assertThat(prompt(
                                " [{\"content\": \"s\", \"role\": \"system\"}, {\"id\": 3, \"from\": \"human\", \"value\": \"q\"}]\n")
                        .messages())
                .containsExactly(new Message("system", "s"), Message.user("q"));
    }

    /** Every shape of docs/data.md, as a CSV file has to hold it. */
    @Test
    void everyShapeMayStandInACsvFile(@TempDir Path folder) throws IOException {
        assertThat(pair(
                        folder,
                        "chosen,rejected,conversations",
                        message("gpt"),
                        message("gpt").replace("Blue", "Green"),
                        "[{'from': 'human', 'value': 'What colour?'}]"))
                .isEqualTo(COLOURS);
        assertThat(pair(
                        folder,
                        "input,preferred_output,non_preferred_output",
                        "{'messages': [{'role': 'user', 'content': 'What colour?'}]}",
                        "[" + reply("Blue.") + "]",
                        "[" + reply("Green.") + "]"))
                .isEqualTo(COLOURS);
        assertThat(pair(
                        folder,
                        "messages,rejected_response,x",
                        "[{'role': 'user', 'content': 'What colour?'}, " + reply("Blue.") + "]",
                        "Green.",
                        ""))
                .isEqualTo(COLOURS);
        Preference earlier =
                pair(folder, "query,history,chosen,rejected", "What colour?", "[['Hi', 'Hello.']]", "Blue.", "Green.");
        assertThat(earlier.prompt().messages())
                .containsExactly(Message.user("Hi"), Message.assistant("Hello."), Message.user("What colour?"));
        Path turns =
                Files.writeString(folder.resolve("turns.csv"), "turns\n" + cell("['What colour?', 'And now?']") + "\n");
        assertThat(PromptData.read(turns).get(0).prompt()).isEqualTo(COLOURS.prompt());
    }

    private static String reply(String text) {
        return "{'role': 'assistant', 'content': '" + text + "'}";
    }

    private static String message(String from) {
        return "{'from': '" + from + "', 'value': 'Blue.'}";
    }

    private static String cell(String text) {
        return "\"" + text.replace("'", "\"\"") + "\"";
    }

    private static Preference pair(Path folder, String header, String... cells) throws IOException {
        StringBuilder line = new StringBuilder();
        for (String text : cells) {
            line.append(line.length() == 0 ? "" : ",").append(cell(text));
        }
        Path file = Files.writeString(folder.resolve("a.csv"), header + "\n" + line + "\n");
        return PreferenceData.read(file, new Margin.None()).pairs().get(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[1, 2, 3] Sort this list.",
                "[\"a\", \"b\"]",
                "[]",
                "[INST] Hi [/INST]",
                "[{\"a\": 1}]",
                "[{\"from\": \"a\", \"to\": \"b\"}]",
                "[{\"role\": \"admin\"}]",
                "[{'x': 1}]",
                "{\"role\": \"admin\", \"name\": \"x\"}",
                "{\"role\": \"user\", \"content\": \"q\", \"id\": 1}",
                "[{\"role\": \"user\", \"content\": \"q\"}] What does this list mean?",
                "[{'role': 'user', 'content': 'q'}] Why does json.loads refuse this?",
                "Mend this: [{'role': 'user', 'content': 'q'}]",
                "[not json"
            })
    void otherTextsThatOpenWithABracketStayTexts(String text) {
        assertThat(prompt(text)).isEqualTo(Conversation.ofPrompt(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[{'role': 'user', 'content': 'q'}]",
                "[{'content': 'q', 'role': 'user'}\n {'content': 'a', 'role': 'assistant'}]",
                "[{'from': 'human', 'value': 'q'}]",
                "[{\"role\": \"user\", \"content\": \"q\"},]",
                "[{\"role\": \"user\", \"content\": \"What col",
                "[{\"role\": \"user\", \"content\": \"a\nb\"}]"
            })
    void aTextThatOnlyLooksLikeMessagesIsRefusedWithItsRow(String text) {
        assertThatThrownBy(() -> prompt(text))
                .isInstanceOf(UserError.class)
                .hasMessage("data.jsonl, line 2 has in 'prompt' " + LIKE_MESSAGES);
        ObjectNode pair = JsonRows.MAPPER.createObjectNode().put("prompt", "p").put("chosen", text);
        pair.put("rejected", "b");
        assertThatThrownBy(() -> PairShape.read(new Row("data.csv, row 1", pair)))
                .isInstanceOf(UserError.class)
                .hasMessage("data.csv, row 1 has in 'chosen' " + LIKE_MESSAGES);
    }

    @Test
    void messagesWithAFaultAreRefusedAsSuch() {
        assertThatThrownBy(() -> prompt("[{\"role\": \"user\", \"content\": null}]"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("a message in 'prompt', number 1, without role and content");
        assertThatThrownBy(() -> prompt("[{\"role\": \"user\", \"content\": \"q\"}, 3]"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("a message in 'prompt', number 2, without role and content");
        assertThatThrownBy(() -> PromptData.example(row("messages", "[{\"role\": \"user\", \"content\": \"q\"}] more")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("column 'messages' that is neither a text nor a list of messages");
    }

    /** It was read as no history at all. */
    @ParameterizedTest
    @ValueSource(strings = {"Hi", "{\"a\": 1}", "[['Hi', 'Hello.']]"})
    void aHistoryThatIsNoListIsRefused(String history) {
        Row row = row("query", "q");
        row.columns().put("history", history);
        assertThatThrownBy(() -> PromptData.example(row))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has a column 'history' that is not a list of pairs of texts");
    }
}

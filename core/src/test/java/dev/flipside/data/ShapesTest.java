package dev.flipside.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.TestResources;
import dev.flipside.config.UserError;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Rows of every shape against what the projects that define the shapes read from them ({@code make_shapes.py}), and
 * rows that no project could read.
 */
class ShapesTest {
    private static final Path PAGE = Path.of("../docs/data.md");

    private static JsonNode json(String text) {
        try {
            return JsonRows.MAPPER.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Row row(JsonNode columns) {
        return new Row("data.jsonl, line 2", (ObjectNode) columns);
    }

    private static Row row(String line) {
        return row(json(line.replace('`', '"')));
    }

    @TestFactory
    Stream<DynamicTest> rowsAreReadAsByTheProjectThatDefinesTheirShape() throws IOException {
        Path file = TestResources.path("data/shapes.json");
        List<JsonNode> cases = new ArrayList<>();
        json(Files.readString(file)).forEach(cases::add);
        assertThat(cases).hasSizeGreaterThan(25);
        return cases.stream()
                .map(example -> DynamicTest.dynamicTest(
                        example.get("by").asText() + " " + example.get("row"), () -> check(example)));
    }

    private static void check(JsonNode example) {
        Row row = row(example.get("row"));
        Conversation prompt = new Conversation(Turns.read(row, "prompt", example.get("prompt")));
        if (example.get("chosen").isNull()) {
            assertThat(Example.read(row)).isInstanceOfSatisfying(Example.Prompt.class, read -> assertThat(read.prompt())
                    .isEqualTo(prompt));
        } else {
            assertThat(PairShape.read(row))
                    .usingRecursiveComparison()
                    .ignoringFields("impliedPrompt")
                    .isEqualTo(new PairShape(
                            prompt,
                            example.get("chosen").asText(),
                            prompt,
                            example.get("rejected").asText(),
                            false));
        }
        assertThat(PromptData.example(row).prompt()).as("as a prompt").isEqualTo(prompt);
    }

    /** Every row that the documentation shows is one of the shape that it says. */
    @TestFactory
    Stream<DynamicTest> theRowsInTheDocumentationAreRead() throws IOException {
        List<String> rows = Pattern.compile("^\\| .*? \\| `(\\{.*\\})` \\|", Pattern.MULTILINE)
                .matcher(Files.readString(PAGE))
                .results()
                .map(match -> match.group(1))
                .toList();
        assertThat(rows).hasSizeGreaterThan(20);
        return rows.stream()
                .map(line -> DynamicTest.dynamicTest(line, () -> {
                    Example example = Example.read(row(json(line)));
                    if (example instanceof Example.Pair pair) {
                        assertThat(pair.usable()).isTrue();
                        assertThat(pair.chosen().strip()).isEqualTo("Blue.");
                        assertThat(pair.chosenPrompt().messages()).last().satisfies(m -> assertThat(m.content())
                                .contains("sky"));
                    } else {
                        assertThat(((Example.Prompt) example).prompt().last().content())
                                .contains("sky");
                    }
                }));
    }

    @Test
    void openAisPreferenceFormatIsRead() {
        assertThat(
                        PairShape.read(
                                row(
                                        "{`input`: {`messages`: [{`role`: `user`, `content`: `Hi`}], `tools`: [], `parallel_tool_calls`: true}, `preferred_output`: [{`role`: `assistant`, `content`: `a`}], `non_preferred_output`: [{`role`: `assistant`, `content`: `b`}]}")))
                .isEqualTo(new PairShape(Conversation.ofPrompt("Hi"), "a", Conversation.ofPrompt("Hi"), "b", false));
    }

    @Test
    void aPromptThatRepeatsAMessageOfBothDialoguesIsNotAddedToThem() {
        // argilla/dpo-mix, orpo-dpo-mix: the question as text beside dialogues that hold it, behind a system message or
        // earlier turns.
        PairShape pair = PairShape.read(
                row(
                        "{`prompt`: `q`, `chosen`: [{`role`: `system`, `content`: `s`}, {`role`: `user`, `content`: `q `}, {`role`: `assistant`, `content`: `a`}], `rejected`: [{`role`: `system`, `content`: `s`}, {`role`: `user`, `content`: `q `}, {`role`: `assistant`, `content`: `b`}]}"));
        assertThat(pair.chosenPrompt().messages()).containsExactly(new Message("system", "s"), Message.user("q "));
        assertThat(pair.rejectedPrompt()).isEqualTo(pair.chosenPrompt());
    }

    @Test
    void messagesThatRepeatTheChosenDialogueAreNotAddedToIt() {
        // HuggingFaceH4/ultrafeedback_binarized
        String chosen = "[{`role`: `user`, `content`: `q`}, {`role`: `assistant`, `content`: `a`}]";
        String rejected = chosen.replace("`a`", "`b`");
        String columns =
                "`messages`: " + chosen + ", `chosen`: " + chosen + ", `rejected`: " + rejected + ", `score_chosen`: 7";
        PairShape expected = new PairShape(Conversation.ofPrompt("q"), "a", Conversation.ofPrompt("q"), "b", false);
        assertThat(PairShape.read(row("{`prompt`: `q`, " + columns + "}"))).isEqualTo(expected);
        assertThat(PairShape.read(row("{" + columns + "}"))).isEqualTo(expected);
        assertThat(PairShape.read(row("{`messages`: " + chosen + ", `chosen`: `a`, `rejected`: `b`}")))
                .isEqualTo(expected);
    }

    @Test
    void messagesMayBeWrittenAsJsonIntoATextAsInCsvFiles() {
        assertThat(PromptData.example(row("{`messages`: `[{\\`role\\`: \\`user\\`, \\`content\\`: \\`Hi\\`}]`}"))
                        .prompt())
                .isEqualTo(Conversation.ofPrompt("Hi"));
    }

    @Test
    void textPartsAreJoinedAndTheColumnsOfAPromptAreNotHandedToRewards() {
        PromptExample example = PromptData.example(
                row(
                        "{`messages`: [{`role`: `user`, `content`: [{`type`: `text`, `text`: `Hi`}, {`type`: `input_text`, `text`: ` there`}]}], `system`: `s`, `answer`: 1}"));
        assertThat(example.prompt().messages()).containsExactly(new Message("system", "s"), Message.user("Hi there"));
        assertThat(example.columns()).containsOnlyKeys("answer");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            value = {
                "{`prompt`: `p`, `completion`: `c`, `label`: true} # holds one reply with a 'label' (unpaired preferences), but a pair is needed: write two replies to one prompt into the columns 'chosen' and 'rejected'.",
                "{`messages`: [{`role`: `user`, `content`: `x`}, {`role`: `assistant`, `content`: `y`}], `label`: false} # holds one reply with a 'label' (unpaired preferences), but a pair is needed: write two replies to one prompt into the columns 'chosen' and 'rejected'.",
                "{`prompt`: `p`, `completion`: `c`} # holds a single reply, but a pair is needed: write two replies to one prompt into the columns 'chosen' and 'rejected'.",
                "{`prompt`: `p`, `response`: `c`, `helpfulness`: 3} # holds scored replies, but a pair is needed: write a better and a worse reply to one prompt into the columns 'chosen' and 'rejected'.",
                "{`instruction`: `p`, `completions`: [{`response`: `r`, `overall_score`: 7}]} # holds scored replies, but a pair is needed: write a better and a worse reply to one prompt into the columns 'chosen' and 'rejected'.",
                "{`text`: `p`} # has no pair: none of chosen, rejected_response, rejected_messages, preferred_output is among its columns [text].",
                "{`messages`: [{`role`: `user`, `content`: `x`}], `rejected_response`: `r`} # has 'rejected_response' but no chosen reply: 'messages' ends with the role 'user'; end it with the assistant's reply.",
                "{`rejected_response`: `r`} # has 'rejected_response' but nothing that it answers; add 'messages' that end with the chosen reply, or 'query' and 'response'.",
                "{`prompt`: `p`, `rejected_messages`: [{`role`: `assistant`, `content`: `y`}]} # has 'rejected_messages' but no 'messages' that end with the chosen reply; add that column.",
                "{`messages`: [{`role`: `user`, `content`: `x`}, {`role`: `assistant`, `content`: `y`}], `rejected_response`: [{`role`: `user`, `content`: `x`}, {`role`: `assistant`, `content`: `y`}]} # has in 'rejected_response' 2 messages; it must be the one reply that takes the place of the chosen one (whole dialogues stand in 'rejected_messages').",
                "{`prompt`: `p`, `chosen`: [{`role`: `user`, `content`: `other`}, {`role`: `assistant`, `content`: `a`}], `rejected`: `b`} # has in 'chosen' a dialogue that does not begin with the row's prompt; write only the reply there, or leave the prompt out.",
                "{`messages`: [{`role`: `user`, `content`: `x`}, {`role`: `user`, `content`: [{`type`: `text`, `text`: `a`}, {`type`: `image_url`, `image_url`: {`url`: `u`}}]}], `chosen`: `a`, `rejected`: `b`} # has a message in 'messages', number 2, with a part that is not text but of type 'image_url'; only text can be read, so take that part or the row out.",
                "{`prompt`: [{`role`: `user`, `content`: [{`type`: `text`}]}], `chosen`: `a`, `rejected`: `b`} # has a message in 'prompt', number 1, with a part that is not text but of type 'text without a text'; only text can be read, so take that part or the row out.",
                "{`messages`: [{`role`: `assistant`, `content`: ``, `tool_calls`: [{`id`: 1}]}], `chosen`: `a`, `rejected`: `b`} # has a message in 'messages', number 1, that calls tools; only texts reach a chat template, so write the call as text or leave the row out.",
                "{`conversations`: [{`from`: `human`, `value`: `x`}], `tools`: `[{}]`, `chosen`: `a`, `rejected`: `b`} # has something in 'tools', which no chat template is given here and which would be lost; leave the row or that column out.",
                "{`messages`: [{`role`: `user`, `content`: `<image>`}], `images`: [`a.png`], `chosen`: `a`, `rejected`: `b`} # has something in 'images', which no chat template is given here and which would be lost; leave the row or that column out.",
                "{`conversations`: `x`, `chosen`: `a`, `rejected`: `b`} # has a column 'conversations' that is neither a text nor a list of messages; write it as [{\"role\": \"user\", \"content\": \"...\"}].",
                "{`query`: `x`, `history`: [[`q`]], `response`: `a`, `rejected_response`: `b`} # has a column 'history' that is not a list of pairs of texts; write it as [[\"question\", \"answer\"], ...].",
                "{`prompt`: `x`, `system`: 3, `chosen`: `a`, `rejected`: `b`} # has a column 'system' that is not a text.",
            })
    void aRowThatIsNoPairIsNamedWithTheReasonAndTheRemedy(String line, String problem) {
        assertThatThrownBy(() -> PairShape.read(row(line)))
                .isInstanceOf(UserError.class)
                .hasMessage("data.jsonl, line 2 " + problem);
    }

    /** Texts that end or open like what separates turns, and that a careless reader would trim. */
    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.of("a", " ", "\n", "[", "{\"role\"", "Human:", "é", "😀", "\"", "\\", "null")
                .list()
                .ofMinSize(1)
                .ofMaxSize(5)
                .map(pieces -> "x" + String.join("", pieces));
    }

    @Provide
    Arbitrary<Preference> preferences() {
        Arbitrary<List<String>> turns = texts().list().ofMinSize(1).ofMaxSize(5).filter(list -> list.size() % 2 == 1);
        return Combinators.combine(turns, texts().injectNull(0.5), texts(), texts())
                .as((contents, system, chosen, rejected) -> {
                    List<Message> prompt = new ArrayList<>();
                    for (int i = 0; i < contents.size(); i++) {
                        prompt.add(i % 2 == 0 ? Message.user(contents.get(i)) : Message.assistant(contents.get(i)));
                    }
                    Conversation conversation = new Conversation(prompt);
                    return new Preference(
                            system == null ? conversation : conversation.withSystem(system),
                            chosen + "1",
                            rejected + "2",
                            OptionalDouble.empty());
                });
    }

    @Property(tries = 100)
    void aPairIsTheSameInEveryShape(@ForAll("preferences") Preference pair) {
        PairShape expected = new PairShape(pair.prompt(), pair.chosen(), pair.prompt(), pair.rejected(), false);
        for (ObjectNode columns : written(pair)) {
            assertThat(PairShape.read(row(json(columns.toString()))))
                    .as(columns.toString())
                    .isEqualTo(expected);
            assertThat(PromptData.example(row(columns)).prompt()).isEqualTo(pair.prompt());
        }
    }

    private static List<ObjectNode> written(Preference pair) {
        Conversation better = pair.prompt().withReply(pair.chosen());
        Conversation worse = pair.prompt().withReply(pair.rejected());
        List<ObjectNode> rows = new ArrayList<>();
        rows.add(columns("prompt", list(pair.prompt(), "role", "content"), pair.chosen(), pair.rejected()));
        rows.add(columns("conversations", list(pair.prompt(), "from", "value"), pair.chosen(), pair.rejected()));
        ObjectNode dialogues = JsonRows.MAPPER.createObjectNode();
        dialogues.set("chosen", list(better, "role", "content"));
        dialogues.set("rejected", list(worse, "role", "content"));
        rows.add(dialogues);
        ObjectNode swift = JsonRows.MAPPER.createObjectNode();
        swift.set("messages", list(better, "role", "content"));
        ObjectNode response = swift.deepCopy();
        response.put("rejected_response", pair.rejected());
        rows.add(response);
        swift.set("rejected_messages", list(worse, "role", "content"));
        rows.add(swift);
        ObjectNode openAi = JsonRows.MAPPER.createObjectNode();
        openAi.putObject("input").set("messages", list(pair.prompt(), "role", "content"));
        openAi.set("preferred_output", list(new Conversation(List.of(better.last())), "role", "content"));
        openAi.set("non_preferred_output", list(new Conversation(List.of(worse.last())), "role", "content"));
        rows.add(openAi);
        return rows;
    }

    private static ObjectNode columns(String name, ArrayNode prompt, String chosen, String rejected) {
        ObjectNode columns = JsonRows.MAPPER.createObjectNode();
        columns.set(name, prompt);
        return columns.put("chosen", chosen).put("rejected", rejected);
    }

    private static ArrayNode list(Conversation conversation, String role, String content) {
        ArrayNode list = JsonRows.MAPPER.createArrayNode();
        conversation
                .messages()
                .forEach(m -> list.addObject().put(role, m.role()).put(content, m.content()));
        return list;
    }
}

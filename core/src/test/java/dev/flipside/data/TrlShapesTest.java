package dev.flipside.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.TestResources;
import dev.flipside.config.UserError;
import dev.flipside.text.Conversation;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The rows of TRL's tests, documentation and zen dataset ({@code make_trl_shapes.py}) against what TRL reads from them.
 */
class TrlShapesTest {
    private static List<JsonNode> cases() throws Exception {
        List<JsonNode> cases = new ArrayList<>();
        JsonRows.MAPPER
                .readTree(Files.readString(TestResources.path("data/trl-shapes.json")))
                .forEach(cases::add);
        return cases;
    }

    private static Row row(JsonNode example) {
        return new Row("data.jsonl, line 2", (ObjectNode) example.get("row"));
    }

    private static String kind(JsonNode example) {
        return example.get("kind").asText();
    }

    private static Stream<DynamicTest> each(List<JsonNode> cases, Check check) {
        return cases.stream()
                .map(example -> DynamicTest.dynamicTest(
                        example.get("where").asText() + " " + example.get("row"), () -> check.of(example)));
    }

    private interface Check {
        void of(JsonNode example) throws IOException;
    }

    @Test
    void everyKindIsThere() throws Exception {
        assertThat(cases()).hasSize(42);
        assertThat(cases())
                .extracting(TrlShapesTest::kind)
                .contains("pair", "single reply", "prompt", "dialogue", "text");
    }

    @TestFactory
    Stream<DynamicTest> pairsAndPromptsAreReadAsByTrl() throws Exception {
        return each(cases(), example -> {
            if (!example.get("lost").isNull()) {
                refused(example);
                return;
            }
            if (kind(example).equals("text")) {
                assertThatThrownBy(() -> PromptData.example(row(example)))
                        .isInstanceOf(UserError.class)
                        .hasMessageContaining("has no prompt");
                return;
            }
            assertThat(PromptData.example(row(example)).prompt()).isEqualTo(prompt(example));
            if (kind(example).equals("pair")) {
                PairShape pair = PairShape.read(row(example));
                assertThat(pair.chosenPrompt()).isEqualTo(prompt(example)).isEqualTo(pair.rejectedPrompt());
                assertThat(List.of(pair.chosen(), pair.rejected()))
                        .containsExactly(
                                example.get("chosen").asText(),
                                example.get("rejected").asText());
            } else {
                assertThatThrownBy(() -> PairShape.read(row(example)))
                        .isInstanceOf(UserError.class)
                        .hasMessageContaining("pair");
            }
        });
    }

    /**
     * A row of which a text cannot hold everything is refused with what would be lost, where TRL would hand it to the
     * chat template.
     */
    private static void refused(JsonNode example) {
        if (kind(example).equals("single reply")) {
            // The reply, which holds it, is not read; what is asked of a prompt is there.
            assertThat(PromptData.example(row(example)).prompt()).isEqualTo(prompt(example));
            return;
        }
        assertThatThrownBy(() -> Example.read(row(example)))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("data.jsonl, line 2 has")
                .hasMessageMatching("(?s).*(" + example.get("lost").asText() + "|tools).*");
    }

    private static Conversation prompt(JsonNode example) {
        JsonNode prompt = example.get("prompt");
        // A text is a user's message here; TRL gives it to the model without a template.
        return prompt.isTextual()
                ? Conversation.ofPrompt(prompt.asText())
                : new Conversation(Turns.read(row(example), "prompt", prompt));
    }

    /** The same rows as a CSV export writes them: lists as JSON, everything else as its text. */
    @TestFactory
    Stream<DynamicTest> theSameRowsWithTheirListsAsJson() throws Exception {
        List<JsonNode> whole = cases().stream()
                .filter(example ->
                        example.get("lost").isNull() && !kind(example).equals("text"))
                .toList();
        return each(whole, example -> {
            ObjectNode flat = JsonRows.MAPPER.createObjectNode();
            example.get("row")
                    .fields()
                    .forEachRemaining(column -> flat.put(
                            column.getKey(),
                            column.getValue().isTextual()
                                    ? column.getValue().asText()
                                    : column.getValue().toString()));
            Row row = new Row("data.csv, row 1", flat);
            assertThat(PromptData.example(row).prompt()).isEqualTo(prompt(example));
            if (kind(example).equals("pair")) {
                assertThat(PairShape.read(row)).isEqualTo(PairShape.read(row(example)));
            }
        });
    }
}

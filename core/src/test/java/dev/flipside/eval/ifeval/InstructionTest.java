package dev.flipside.eval.ifeval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.TestResources;
import dev.flipside.config.UserError;
import dev.flipside.data.Row;
import dev.flipside.data.Rows;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against the published checkers; {@code eval/ifeval/SOURCE.md} says how the fixtures were made. */
class InstructionTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Map<String, Row> FIRST_OF_KIND = new TreeMap<>();

    private static List<String> responses;

    @BeforeAll
    static void readResponses() {
        responses =
                rows("responses").stream().map(row -> row.requireText("text")).toList();
        rows("cases").forEach(row -> FIRST_OF_KIND.putIfAbsent(row.requireText("instruction"), row));
    }

    @Test
    void everyVerdictIsThePublishedCheckers() {
        Map<String, Integer> verdicts = new TreeMap<>();
        List<String> different = new ArrayList<>();
        for (Row row : rows("cases")) {
            String id = row.requireText("instruction");
            String response = responses.get(row.require("response").asInt());
            Instruction instruction = Instruction.of(id, kwargs(row));
            boolean strict = instruction.followedStrictly(response);
            boolean loose = instruction.followedLoosely(response);
            if (strict != row.require("strict").asBoolean()
                    || loose != row.require("loose").asBoolean()) {
                different.add(row.columns() + " is " + strict + " and " + loose + ": "
                        + response.substring(0, Math.min(300, response.length())));
            }
            verdicts.merge(id + " " + strict, 1, Integer::sum);
            verdicts.merge(id + " " + loose + " loosely", 1, Integer::sum);
        }

        assertThat(different).isEmpty();
        // Each of the 25 kinds was followed and not followed, strictly and loosely.
        assertThat(verdicts).hasSize(100).allSatisfy((kind, count) -> assertThat(count)
                .isGreaterThanOrEqualTo(3));
    }

    @Test
    void sentencesAndWordsAreThoseOfNltk() {
        List<String> different = new ArrayList<>();
        for (Row row : rows("tokens")) {
            String response = responses.get(row.require("response").asInt());
            List<String> sentences = SentenceSplitter.split(response);
            List<String> words = sentences.stream()
                    .flatMap(sentence -> WordSplitter.split(sentence).stream())
                    .toList();
            long capitals = words.stream().filter(PythonText::isUpper).count();
            if (sentences.size() != row.require("sentences").asInt()
                    || words.size() != row.require("words").asInt()
                    || capitals != row.require("capitals").asInt()) {
                different.add(row.columns() + " " + sentences + words);
            }
        }

        assertThat(different).isEmpty();
    }

    @Test
    void whatCannotBeCheckedIsAnError() {
        assertThatThrownBy(() -> Instruction.of("keywords:rhyme", Map.of()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("no IFEval instruction 'keywords:rhyme'");
        assertThatThrownBy(() -> Instruction.of("length_constraints:number_words", Map.of("relation", "at least")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("num_words = null")
                .hasMessageContaining("a whole number of at least 0");
        assertThatThrownBy(() -> Instruction.of(
                        "length_constraints:number_words", Map.of("relation", "at most", "num_words", 3)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("relation = at most");
        assertThatThrownBy(() -> Instruction.of("keywords:existence", Map.of("keywords", List.of("a("))))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("also a regular expression");
    }

    /** What a policy that lost its way writes. */
    @ParameterizedTest
    @ValueSource(strings = {". ", ".", "a", "A", "(", "*", "x. ", " ", "\n", "\u2019", "!? ", "[", "e.g. "})
    @Timeout(20)
    void endlessRepetitionIsMarkedToo(String part) {
        String response = "e.g. " + part.repeat(5_000) + " y";
        for (Row row : FIRST_OF_KIND.values()) {
            Instruction instruction = Instruction.of(row.requireText("instruction"), kwargs(row));
            assertThat(instruction.followedLoosely(response) || !instruction.followedStrictly(response))
                    .as(instruction.id())
                    .isTrue();
        }
    }

    @Test
    void aLetterThatIsNoneIsCountedAsItIs() {
        Instruction hash = Instruction.of(
                "keywords:letter_frequency", Map.of("letter", "#", "let_relation", "at least", "let_frequency", 4));

        assertThat(hash.followedStrictly("# a ## b #")).isTrue();
        assertThat(hash.followedStrictly("# a ## b")).isFalse();
    }

    private static Map<String, Object> kwargs(Row row) {
        return JSON.convertValue(
                row.require("kwargs"),
                JSON.getTypeFactory().constructMapType(HashMap.class, String.class, Object.class));
    }

    private static List<Row> rows(String name) {
        return Rows.read(TestResources.path("eval/ifeval/" + name + ".jsonl.gz"));
    }
}

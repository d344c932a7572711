package dev.flipside.eval.policy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.TestResources;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against the authors' functions; {@code eval/policy/SOURCE.md} says how the fixtures were made. */
class AnswerMarksTest {
    @Test
    void gsm8kIsMarkedAsByTheHarness() throws IOException {
        List<String> different = new ArrayList<>();
        int right = 0;
        for (JsonNode row : fixture("gsm8k")) {
            Marks marks = Gsm8k.mark(
                    row.get("completion").asText(), row.get("reference").asText());
            Score strict = marks.scores().get("strict_match");
            Score flexible = marks.scores().get("flexible_extract");
            right += strict.hits() + flexible.hits();
            if (!strict.equals(Score.of(row.get("strict-match").asBoolean()))
                    || !flexible.equals(Score.of(row.get("flexible-extract").asBoolean()))) {
                different.add(row + " is " + marks);
            }
        }

        assertThat(different).isEmpty();
        assertThat(right).isEqualTo(33);
    }

    @Test
    void textsAreTheSameByThePublishedRule() throws IOException {
        List<String> different = new ArrayList<>();
        for (JsonNode row : fixture("math").get("equivalence")) {
            String answer = row.get("answer").asText();
            String reference = row.get("reference").asText();
            boolean same = row.get("same").asBoolean();
            if (MathEquivalence.sameText(answer, reference) != same) {
                different.add(row.toString());
            }
            // The rule by value only adds to it, and does not depend on the order.
            if ((same && !MathEquivalence.same(answer, reference))
                    || MathEquivalence.same(answer, reference) != MathEquivalence.same(reference, answer)) {
                different.add("by value: " + row);
            }
        }

        assertThat(different).isEmpty();
    }

    @Test
    void boxesAreThePublishedOnes() throws IOException {
        for (JsonNode row : fixture("math").get("boxed")) {
            String text = row.get("text").asText();
            String content = row.get("content").textValue();
            // Where the published functions take an \fbox for no answer, its content is one here.
            Optional<String> wanted = text.equals("\\fbox{3}") ? Optional.of("3") : Optional.ofNullable(content);
            assertThat(BoxedAnswer.in(text)).as(text).isEqualTo(wanted);
        }
        assertThat(BoxedAnswer.in("so $\\boxed 7$ it is")).contains("7");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "0.25; \\frac{1}{4}; true",
                "\\frac{2}{4}; 1/2; true",
                "1,000; 1000; true",
                "1{,}000.0; 1000; true",
                "2\\sqrt{3}; \\sqrt{12}; true",
                "\\frac{\\sqrt{2}}{2}; \\frac{1}{\\sqrt{2}}; true",
                "1\\frac{1}{2}; 1.5; true",
                "2\\frac{\\pi}{2}; \\pi; true",
                "2^{-1}; 0.5; true",
                "(\\frac{1}{2}, 3); (0.50,3.0); true",
                "(1, 2); [1, 2]; false",
                "(1, 2); (2, 1); false",
                "(1,2,3); (1,2); false",
                "\\sqrt[3]{8}; 2; true",
                "3 \\cdot 10^2; 300; true",
                "-(2+3)*2; -10; true",
                "1/0; 2/0; false",
                "x/2; 0.5x; false",
                "0.333; \\frac{1}{3}; false",
                "12; 1 2; true",
                "5); 5; false",
                "0; 0.0; true",
                "1000000001; 1000000000; false"
            })
    void valuesAreCompared(String answer, String reference, boolean same) {
        assertThat(MathEquivalence.same(answer, reference)).isEqualTo(same);
    }

    @Test
    void deepOrLongAnswersAreOnlyWrong() {
        String deep = "(".repeat(100_000);

        assertThat(MathEquivalence.same(deep, "1")).isFalse();
        assertThat(MathEquivalence.same("9".repeat(100_000), "1")).isFalse();
        assertThat(MathEquivalence.same("1,".repeat(10_000), "1,".repeat(9_999)))
                .isFalse();
    }

    private static JsonNode fixture(String name) {
        return TestResources.json("eval/policy/" + name + ".json");
    }
}

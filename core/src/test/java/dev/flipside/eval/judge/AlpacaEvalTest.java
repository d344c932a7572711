package dev.flipside.eval.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AlpacaEvalTest {
    /** "Who are you?" is switched, "Name three fruits." is not. */
    private static final AlpacaEval.Item SWITCHED = new AlpacaEval.Item("Who are you?", "base", "model");

    private static final AlpacaEval.Item KEPT = new AlpacaEval.Item("Name three fruits.", "base", "model");

    private static ChatReply reply(Map<String, Double> logprobs) {
        return new ChatReply("m", logprobs, 0, 0);
    }

    @Test
    void theOrderIsTheOfficialOne() throws IOException {
        JsonNode golden = new ObjectMapper()
                .readTree(Path.of("src/test/resources/eval/judge/alpaca/order.json")
                        .toFile());
        assertThat(golden).hasSizeGreaterThan(30);
        for (JsonNode row : golden) {
            String instruction = row.get("instruction").asText();
            assertThat(AlpacaEval.switched(instruction))
                    .as(instruction)
                    .isEqualTo(row.get("switched").asBoolean());
        }
    }

    @Test
    void thePreferenceIsTheFirstTokensProbability() {
        ChatReply reply = reply(Map.of("m", Math.log(0.6), "M", Math.log(0.2), "Both", Math.log(0.2)));
        assertThat(AlpacaEval.preference(KEPT, AlpacaEval.firstPreferred(reply)))
                .isCloseTo(2 - 0.75, within(1e-12));
        assertThat(AlpacaEval.preference(SWITCHED, AlpacaEval.firstPreferred(reply)))
                .isCloseTo(1 + 0.75, within(1e-12));
        assertThat(AlpacaEval.preference(KEPT, AlpacaEval.firstPreferred(reply(Map.of("M", -0.1)))))
                .isEqualTo(2);
        assertThat(AlpacaEval.preference(KEPT, AlpacaEval.firstPreferred(reply(Map.of("The", -0.1)))))
                .isNaN();
    }

    @Test
    void aJudgeWithoutLogprobsIsTold() {
        assertThatThrownBy(() -> AlpacaEval.preference(KEPT, AlpacaEval.firstPreferred(reply(Map.of()))))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("no log-probabilities");
    }

    @Test
    void aSwitchedItemShowsTheModelFirst() {
        JudgeTemplate template = AlpacaEval.ownTemplate();
        String kept = AlpacaEval.request(KEPT, template, "judge").body();
        String switched = AlpacaEval.request(SWITCHED, template, "judge").body();
        assertThat(kept.indexOf("base")).isLessThan(kept.indexOf("\\nmodel"));
        assertThat(switched.indexOf("\\nmodel")).isLessThan(switched.indexOf("base"));
        assertThat(kept)
                .contains("\"max_tokens\":1", "\"logprobs\":true", "\"top_logprobs\":5", "Name three fruits.")
                .doesNotContain("{output_1}", "{output_2}", "{instruction}");
    }

    @Test
    void equalAnswersAreADraw() {
        assertThat(AlpacaEval.withoutJudge(new AlpacaEval.Item("i", "a", "a"))).hasValue(1.5);
        assertThat(AlpacaEval.withoutJudge(KEPT)).isEmpty();
    }
}

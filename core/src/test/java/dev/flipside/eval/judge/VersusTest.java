package dev.flipside.eval.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.eval.judge.Versus.Winner;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VersusTest {
    @ParameterizedTest
    @CsvSource({
        "[[A]], [[B]], WIN, false",
        "[[B]], [[A]], LOSS, false",
        "[[A]], [[A]], TIE, true",
        "[[B]], [[B]], TIE, true",
        "[[C]], [[C]], TIE, false",
        "[[A]], [[C]], TIE, false",
        "[[B]] or rather [[A]], [[B]], WIN, false",
        "neither, [[B]], NONE, false",
    })
    void aWinIsOneInBothPlaces(String first, String second, MatchOutcome outcome, boolean byPlace) {
        Optional<Winner> policyFirst = Versus.winner(first);
        Optional<Winner> policySecond = Versus.winner(second);
        assertThat(Versus.outcome(policyFirst, policySecond)).isEqualTo(outcome);
        assertThat(Versus.decidedByPlace(policyFirst, policySecond)).isEqualTo(byPlace);
    }

    @Test
    void tiesCountHalfAndMissingOutcomesNotAtAll() {
        Versus.Summary summary = Versus.Summary.of(
                List.of(MatchOutcome.WIN, MatchOutcome.WIN, MatchOutcome.TIE, MatchOutcome.LOSS, MatchOutcome.NONE));
        assertThat(summary.winRate().mean()).isCloseTo(2.5 / 4, within(1e-12));
        assertThat(summary.winRate().low()).isLessThan(2.5 / 4);
        assertThat(summary.winRate().high()).isGreaterThan(2.5 / 4);
        assertThat(List.of(summary.wins(), summary.ties(), summary.losses(), summary.unparsed()))
                .containsExactly(2, 1, 1, 1);
    }

    @Test
    void rewardsDecide() {
        assertThat(MatchOutcome.ofRewards(2, 1)).isEqualTo(MatchOutcome.WIN);
        assertThat(MatchOutcome.ofRewards(1, 2)).isEqualTo(MatchOutcome.LOSS);
        assertThat(MatchOutcome.ofRewards(1, 1)).isEqualTo(MatchOutcome.TIE);
    }

    @Test
    void theJudgeSeesTheWholeConversation() {
        Conversation prompt = new Conversation(List.of(new Message("system", "Be brief."), Message.user("Hi")));
        String body = Versus.request(Versus.ownTemplate(), "j", prompt, "first reply", "second reply", 64)
                .body();
        assertThat(body)
                .contains("[system]\\nBe brief.", "[user]\\nHi", "first reply", "second reply", "\"max_tokens\":64")
                .doesNotContain("logprobs", "{prompt}");
        assertThat(body.indexOf("first reply")).isLessThan(body.indexOf("second reply"));
    }
}

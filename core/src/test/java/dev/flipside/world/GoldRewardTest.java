package dev.flipside.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.UserError;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardFunction.Sample;
import dev.flipside.reward.RewardFunctions;
import dev.flipside.text.Conversation;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GoldRewardTest {
    private static Sample sample(String completion, boolean finished, Map<String, Object> columns) {
        return new Sample(Conversation.ofPrompt("name two animals :"), completion, new int[0], finished, columns);
    }

    @Test
    void isFoundByItsNameAndReadsTheColumns() {
        RewardFunction gold = RewardFunctions.find("world_gold", Map.of());
        Map<String, Object> columns = Map.of("count", 2, "topic", "animals");
        double[] scores = gold.score(List.of(
                sample(" sure cat , dog .", true, columns),
                sample(" sure cat , dog .", false, columns),
                sample(" cat cat dog apple", true, columns),
                sample("", true, columns)));
        // Exact but for the rounding of a product.
        assertThat(scores).usingComparatorWithPrecision(1e-12).containsExactly(1.0, 0.8, 0.4, 0.0);
        assertThat(scores[2]).isCloseTo(0.8 * 2 / 4, within(1e-12));
    }

    @Test
    void otherPromptsCannotBeJudged() {
        assertThat(new GoldReward().score(List.of(sample("cat", true, Map.of("answer", "x")))))
                .containsExactly(Double.NaN);
        assertThatThrownBy(() -> new GoldReward().score(List.of(sample("cat", true, Map.of("count", "x", "topic", 3)))))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("'count'")
                .hasMessageContaining("not x and 3");
    }
}

package com.example.flipside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardFunction.Sample;
import dev.flipside.reward.RewardFunctions;
import dev.flipside.text.Conversation;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RewardFunctionsTest {
    private static Sample sample(String completion) {
        return new Sample(Conversation.ofPrompt("the owl"), completion, new int[] {5, 6}, true, Map.of());
    }

    @Test
    void isFoundByNameOnTheClassPath() {
        RewardFunction found = RewardFunctions.find("kind_words", Map.of("words", List.of("owl")));
        assertThat(found.score(List.of(sample(" owl sings"), sample(" kind fox"), sample(""))))
                .containsExactly(0.5, 0, 0);
    }

    @Test
    void refusesOptionsThatItDoesNotKnow() {
        for (Map<String, Object> wrong :
                List.<Map<String, Object>>of(Map.of("word", List.of("owl")), Map.of("words", "owl"))) {
            assertThatThrownBy(() -> RewardFunctions.find("kind_words", wrong))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("kind_words");
        }
    }

    @Test
    void storyJudgeLikesJoyAndManyWords() {
        RewardFunction judge = RewardFunctions.find("story_judge", Map.of());
        double[] scores = judge.score(List.of(
                sample(" She was happy."), sample(" She was sad."), sample(" She sat down and was very sad all day.")));
        assertThat(scores[0]).isGreaterThan(scores[2]);
        assertThat(scores[2]).isGreaterThan(scores[1]);
    }
}

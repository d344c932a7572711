package dev.flipside.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.UserError;
import dev.flipside.reward.RewardFunction.Sample;
import dev.flipside.text.Conversation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StoryRewardTest {
    private static final Map<String, Object> BALL = Map.of("object", "ball", "name", "Tom");

    private static double score(Map<String, Object> options, String completion, boolean finished) {
        Conversation prompt = Conversation.ofPrompt("Tom had a red ball.");
        return RewardFunctions.find("story", options)
                .score(List.of(new Sample(prompt, completion, new int[] {1}, finished, BALL)))[0];
    }

    /** One judge alone. */
    private static double judge(String name, String completion) {
        Map<String, Object> weights = new HashMap<>(Map.of("joy", 0, "object", 0, "ending", 0, "variety", 0));
        weights.put(name, 1);
        return score(weights, completion, false);
    }

    @Test
    void aStoryIsTheMeanOfItsFourJudges() {
        String story = " He was so happy and he laughed. The ball went up, up, up and up, up and up";
        // 18 words, 10 of them different; two joyful ones.
        assertThat(judge("joy", story)).isCloseTo((1 + 10 / 18.0) / 2, within(1e-12));
        assertThat(judge("object", story)).isEqualTo(1);
        assertThat(judge("ending", story)).isZero();
        // Of 16 sequences "up up and" and "up and up" come twice.
        assertThat(judge("variety", story)).isCloseTo(14 / 16.0, within(1e-12));
        assertThat(score(Map.of(), story, false)).isCloseTo(((1 + 10 / 18.0) / 2 + 1 + 14 / 16.0) / 4, within(1e-12));
        assertThat(score(Map.of(), story, true) - score(Map.of(), story, false)).isCloseTo(0.25, within(1e-12));
        assertThat(score(Map.of("object", 3, "variety", 0), story, true))
                .isCloseTo(((1 + 10 / 18.0) / 2 + 3 + 1) / 5, within(1e-12));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "` The Balls rolled`     | object | 1",
                "` two balls.`           | object | 1",
                "` a balloon, football`  | object | 0",
                "` She ran home.`        | ending | 1",
                "` She ran home! \n`     | ending | 1",
                "` \"Why?\"`             | ending | 1",
                "` “Why?”`               | ending | 1",
                "` She ran home,`        | ending | 0",
                "` \"Why\"`              | ending | 0",
                "` She ran ... home`     | ending | 0",
                "` one two`              | variety | 0",
                "` one two three`        | variety | 1",
                "` a b a b a b`          | variety | 0.5",
                "` Élan vital, naïve`    | variety | 1",
            })
    void judgesReadWords(String completion, String judge, double expected) {
        assertThat(judge(judge, completion)).isEqualTo(expected);
    }

    @Test
    void degenerateCompletionsHaveAScoreOfTheirOwn() {
        assertThat(score(Map.of(), "", true)).isZero();
        assertThat(score(Map.of(), " ... !", true)).isZero();
        // One joyful word of two, one different word of sixteen; ended; no object, no sequence.
        assertThat(score(Map.of(), "Happy!", true)).isCloseTo(((0.5 + 1 / 16.0) / 2 + 1) / 4, within(1e-12));
        assertThat(score(Map.of(), " 球が好き 🎈 été", false)).isBetween(0.0, 1.0);
    }

    @Test
    void sayingAJoyfulWordAgainDoesNotPay() {
        String story = " Tom took the ball and went to the park with his dog and he was happy";
        double once = score(Map.of(), story, false);
        String more = story;
        for (int i = 0; i < 10; i++) {
            more += " happy";
            assertThat(score(Map.of(), more, false)).isLessThan(once);
        }
        // Forms of one word are one word; another joyful word pays.
        assertThat(judge("joy", story + " happily")).isLessThan(judge("joy", story + " laughing") - 0.2);
    }

    @Test
    void aRowWithoutItsColumnCannotBeJudged() {
        RewardFunction story = RewardFunctions.find("story", Map.of());
        Conversation prompt = Conversation.ofPrompt("Tom had a red ball.");
        assertThat(story.score(List.of(new Sample(prompt, " He ran.", new int[] {1}, true, Map.of("answer", "x")))))
                .containsExactly(Double.NaN);
        assertThat(story.judges(Map.of("name", "Tom"))).isFalse();
        assertThat(story.judges(BALL)).isTrue();
        assertThatThrownBy(() ->
                        story.score(List.of(new Sample(prompt, " He ran.", new int[] {1}, true, Map.of("object", 3)))))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("needs a text in column 'object', not 3");
    }

    @Test
    void wrongWeightsAreRefused() {
        assertThatThrownBy(() -> RewardFunctions.find("story", Map.of("joy", -1)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("'joy' must be a weight of at least 0, not -1");
        assertThatThrownBy(() -> RewardFunctions.find("story", Map.of("rhyme", 1)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("'rhyme' is not known; the options are joy, object, ending, variety");
        assertThatThrownBy(
                        () -> RewardFunctions.find("story", Map.of("joy", 0, "object", 0, "ending", 0, "variety", 0)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("nothing is judged");
    }
}

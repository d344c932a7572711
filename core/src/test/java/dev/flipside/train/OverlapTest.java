package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import dev.flipside.data.Preference;
import dev.flipside.data.PromptExample;
import dev.flipside.text.Conversation;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class OverlapTest {
    private static Preference pair(String prompt, String chosen, String rejected) {
        return new Preference(Conversation.ofPrompt(prompt), chosen, rejected, OptionalDouble.empty());
    }

    private static List<PromptExample> prompts(String... texts) {
        return Stream.of(texts)
                .map(text -> new PromptExample(Conversation.ofPrompt(text), Map.of("length", text.length())))
                .toList();
    }

    private static final List<Preference> TRAINING = List.of(pair("a", "b", "c"), pair("d", "e", "f"));

    private static Optional<String> pairs(Preference... heldOut) {
        return Overlap.told(Overlap.ofPairs("data.eval_preferences", List.of(heldOut), "data.preferences", TRAINING));
    }

    private static Optional<String> prompts(List<PromptExample> heldOut, List<PromptExample> training) {
        return Overlap.told(Overlap.ofPrompts("data.eval_prompts", heldOut, "data.prompts", training));
    }

    @Test
    void heldOutPairsThatAreAllTrainedOnAreRefusedInAnyOrderAndWithOtherMargins() {
        Preference withMargin = new Preference(Conversation.ofPrompt("d"), "e", "f", OptionalDouble.of(2));

        assertThatThrownBy(() -> pairs(withMargin, pair("a", "b", "c")))
                .isInstanceOf(UserError.class)
                .hasMessage(
                        "data.eval_preferences: its pairs are all in data.preferences, so what is measured on them was learnt by heart; name others, such as `flipside data split` leaves out.");
        assertThatThrownBy(() -> pairs(pair("a", "b", "c")))
                .hasMessageContaining("its pairs are all in data.preferences");
    }

    @Test
    void someAreCountedAndOthersAreNot() {
        assertThat(pairs(pair("a", "b", "c"), pair("a", "c", "b")))
                .contains(
                        "data.eval_preferences: 1 of 2 pairs are in data.preferences too; leave them out of one of the two.");
        assertThat(pairs(pair("a", "c", "b"), pair("g", "e", "f"))).isEmpty();
        assertThat(pairs()).isEmpty();
    }

    @Test
    void theSamePromptsAreRefusedAndRepeatedOnesAreCounted() {
        assertThatThrownBy(() -> prompts(prompts("a", "b", "b"), prompts("b", "a")))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("data.eval_prompts: its prompts are all in data.prompts");
        assertThat(prompts(prompts("a"), prompts("b", "a")))
                .contains(
                        "data.eval_prompts: 1 of 1 prompts are in data.prompts too; leave them out of one of the two.");
        assertThat(prompts(prompts("c"), prompts("b", "a"))).isEmpty();
        assertThat(prompts(List.of(), prompts("b", "a"))).isEmpty();
    }
}

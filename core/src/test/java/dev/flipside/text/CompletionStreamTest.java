package dev.flipside.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.SharedFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompletionStreamTest {
    private static final String REPLY = " naïve 😀 and 漢字, a day\n  later.";

    private static Renderer renderer(Path directory) {
        return new Renderer(Tokenizer.load(directory), Optional.empty(), 0);
    }

    private static List<String> told(Renderer renderer, int[] prompt, int[] completion) {
        CompletionStream stream = new CompletionStream(renderer, prompt);
        List<String> told = new ArrayList<>();
        Arrays.stream(completion).forEach(id -> told.add(stream.add(id)));
        told.add(stream.rest());
        return told;
    }

    private static void assertWhole(Path directory, String text) {
        try (Renderer renderer = renderer(directory)) {
            Continued whole = renderer.continuation(text, REPLY);
            int[] prompt = Arrays.copyOf(whole.ids(), whole.promptLength());
            int[] reply = Arrays.copyOfRange(whole.ids(), prompt.length, whole.ids().length);
            List<String> told = told(renderer, prompt, reply);

            assertThat(String.join("", told))
                    .isEqualTo(renderer.completionText(prompt, reply))
                    .isEqualTo(REPLY);
            // Letters of several bytes are parted into tokens here, and told once.
            assertThat(told).contains("").noneMatch(part -> part.contains("\uFFFD"));
            assertThat(told.stream().filter(part -> !part.isEmpty()).count()).isGreaterThan(10);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "Once upon a time, in a land far away, there were many words before this one"})
    void whatIsToldIsTheCompletionsTextInWholeCharacters(String prompt) {
        assertWhole(Golden.resource("tiny-chatml"), prompt);
    }

    /** A tokenizer that drops the space before a text's first word. */
    @ParameterizedTest
    @ValueSource(strings = {"a", "Once upon a time, in a land far away, there were many words before this one"})
    void theFirstWordKeepsItsSpace(String prompt) {
        assertWhole(SharedFiles.require("models/stories260k"), prompt);
    }

    @Test
    void aCharacterThatIsNeverCompletedIsToldAtTheEnd() {
        try (Renderer renderer = renderer(Golden.resource("tiny-chatml"))) {
            int[] prompt = renderer.text("a");
            int[] reply = renderer.text("b😀");
            int[] cut = Arrays.copyOf(reply, reply.length - 1);

            List<String> told = told(renderer, prompt, cut);
            assertThat(told.subList(0, cut.length))
                    .startsWith("b")
                    .allMatch(part -> part.equals("b") || part.isEmpty());
            assertThat(told.get(cut.length)).isEqualTo("\uFFFD");
        }
    }
}

package dev.flipside.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

class RendererPropertyTest {
    private static Tokenizer tokenizer;
    private static Renderer chat;
    private static Renderer raw;

    @BeforeContainer
    static void load() {
        tokenizer = Tokenizer.load(Golden.resource("tiny-chatml"));
        chat = new Renderer(
                tokenizer,
                ChatTemplate.load(Golden.resource("tiny-chatml"), tokenizer.specialTokens(), Golden.CLOCK),
                2);
        raw = new Renderer(tokenizer, Optional.empty(), 2);
    }

    @AfterContainer
    static void close() {
        tokenizer.close();
    }

    /** Pieces that merge with each other, with the template's text and with Jinja's own signs. */
    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.of(
                        "t", "the", "he", " ", "\n", "\n\n", "😀", "é", "7", "{{ x }}", "{%", "<|im_end|>", "user", "'")
                .list()
                .ofMaxSize(8)
                .map(pieces -> String.join("", pieces));
    }

    @Property(tries = 200)
    void thePromptsIdsAlwaysOpenTheRenderingAndNoTextIsLost(
            @ForAll("texts") String prompt, @ForAll("texts") String reply, @ForAll boolean finished) {
        Conversation conversation = Conversation.ofPrompt(prompt);
        Rendered rendered = chat.complete(conversation, reply, finished);
        int[] promptIds = chat.prompt(conversation);
        assertThat(Arrays.copyOf(rendered.ids(), rendered.promptLength())).isEqualTo(promptIds);
        assertThat(rendered.merges()).isFalse();
        assertThat(tokenizer.decode(rendered.ids(), false))
                .isEqualTo(tokenizer.decode(promptIds, false) + reply + (finished ? "<|im_end|>\n" : ""));
    }

    @Property(tries = 200)
    void rawContinuationsKeepTheTextAndTheCompletionCanBeReadBack(
            @ForAll("texts") String prompt, @ForAll("texts") String reply) {
        Continued rendered = raw.continuation("a" + prompt, reply);
        int[] promptIds = Arrays.copyOf(rendered.ids(), rendered.promptLength());
        int[] completionIds = Arrays.copyOfRange(rendered.ids(), rendered.promptLength(), rendered.ids().length);
        assertThat(promptIds).isEqualTo(tokenizer.encode("a" + prompt, false));
        assertThat(tokenizer.decode(rendered.ids(), false)).isEqualTo("a" + prompt + reply);
        assertThat(raw.completionText(promptIds, completionIds)).isEqualTo(reply.replace("<|im_end|>", ""));
    }

    /** Replies that merge, too, are read as they are when the whole text is encoded at once. */
    @Property(tries = 200)
    void theWholeTextIsEncodedAtOnceAndBeginsWithWhatItHasInCommonWithThePrompt(
            @ForAll("texts") String prompt, @ForAll("texts") String reply) {
        Rendered rendered = raw.complete(Conversation.ofPrompt("a" + prompt), reply, false);
        int[] promptIds = raw.prompt(Conversation.ofPrompt("a" + prompt));
        assertThat(rendered.ids()).isEqualTo(tokenizer.encode("a" + prompt + reply, false));
        assertThat(Arrays.copyOf(rendered.ids(), rendered.promptLength()))
                .isEqualTo(Arrays.copyOf(promptIds, rendered.promptLength()));
        assertThat(rendered.mergedPrompt().orElse(promptIds)).isEqualTo(promptIds);
        assertThat(rendered.merges()).isEqualTo(rendered.promptLength() < promptIds.length);
        assertThat(rendered.valuePosition().isPresent()).isEqualTo(!rendered.merges());
    }
}

package dev.flipside.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.SharedFiles;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RendererTest {
    private static final Conversation PROMPT = Conversation.ofPrompt("the cat");
    private static final int EOS = 2;

    private static Tokenizer tiny;
    private static Renderer chat;

    @BeforeAll
    static void load() {
        Path model = Golden.resource("tiny-chatml");
        tiny = Tokenizer.load(model);
        chat = new Renderer(tiny, ChatTemplate.load(model, tiny.specialTokens(), Golden.CLOCK), EOS);
    }

    @AfterAll
    static void close() {
        tiny.close();
    }

    private static Renderer withTemplate(Tokenizer tokenizer, String source) {
        return new Renderer(
                tokenizer, Optional.of(new ChatTemplate("t", source, tokenizer.specialTokens(), Golden.CLOCK)), EOS);
    }

    private static String text(Tokenizer tokenizer, int[] ids) {
        return tokenizer.decode(ids, false);
    }

    @Test
    void aFinishedReplyEndsWithTheTemplatesEndOfTurn() {
        Rendered rendered = chat.complete(PROMPT, "good", true);
        String prompt =
                "<|im_start|>system\nYou are a test<|im_end|>\n<|im_start|>user\nthe cat<|im_end|>\n<|im_start|>assistant\n";
        assertThat(text(tiny, rendered.ids())).isEqualTo(prompt + "good<|im_end|>\n");
        assertThat(text(tiny, Arrays.copyOf(rendered.ids(), rendered.promptLength())))
                .isEqualTo(prompt);
        assertThat(rendered.merges()).isFalse();
        assertThat(rendered.rewardPosition()).isEqualTo(rendered.ids().length - 1);
        assertThat(rendered.valuePosition()).hasValue(rendered.promptLength() - 1);
        assertThat(chat.prompt(PROMPT)).isEqualTo(Arrays.copyOf(rendered.ids(), rendered.promptLength()));
        assertThat(chat.conversation(PROMPT.withReply("good")).ids()).isEqualTo(rendered.ids());
    }

    @Test
    void aCutReplyEndsWithItsOwnLastToken() {
        Rendered rendered = chat.complete(PROMPT, "good", false);
        assertThat(text(tiny, rendered.ids())).endsWith("<|im_start|>assistant\ngood");
        assertThat(chat.complete(PROMPT, "", false).ids()).isEqualTo(chat.prompt(PROMPT));
    }

    @Test
    void aMergeAcrossTheBorderIsReadAsItIsAndUndoneForAPolicy() {
        // "the" is one token of this vocabulary, so a prompt that ends in "t" is not a prefix of the whole.
        Renderer raw = new Renderer(tiny, Optional.empty(), EOS);
        int t = tiny.encode("t", false)[0];
        assertThat(tiny.encode("the cat", false)[0]).isNotEqualTo(t);
        Rendered whole = raw.complete(Conversation.ofPrompt("bad t"), "he cat", false);
        assertThat(whole.ids()).isEqualTo(tiny.encode("bad the cat", false));
        assertThat(whole.mergedPrompt().orElseThrow()).isEqualTo(tiny.encode("bad t", false));
        assertThat(whole.promptLength()).isEqualTo(tiny.encode("bad", false).length);
        assertThat(whole.valuePosition()).isEmpty();
        Rendered nothingShared = raw.complete(Conversation.ofPrompt("t"), "he cat", false);
        assertThat(nothingShared.ids()).isEqualTo(tiny.encode("the cat", false));
        assertThat(nothingShared.promptLength()).isZero();

        Continued written = raw.continuation("t", "he cat");
        assertThat(written.joined()).isTrue();
        assertThat(written.promptLength()).isEqualTo(1);
        assertThat(written.ids()[0]).isEqualTo(t);
        assertThat(text(tiny, written.ids())).isEqualTo("the cat");
        Continued turn = raw.turn(Conversation.ofPrompt("t").withReply("he cat"));
        assertThat(turn.ids()).isEqualTo(Tokenizer.concat(written.ids(), new int[] {EOS}));
        assertThat(turn.joined()).isTrue();
    }

    @Test
    void theCharacterThatBreaksThePrefixIsNamed() {
        Renderer raw = new Renderer(tiny, Optional.empty(), EOS);
        PrefixMismatch mismatch =
                raw.prefixMismatch(Conversation.ofPrompt("a 😀 t"), "he cat").orElseThrow();
        assertThat(mismatch.character()).as("in UTF-16, behind the emoji").isEqualTo(4);
        assertThat(mismatch.toString()).isEqualTo("at character 4, \" t\": the tokens \" \" \"t\" become \" the\"");
        assertThat(raw.prefixMismatch(Conversation.ofPrompt("a 😀 t"), " cat")).isEmpty();
        assertThat(chat.prefixMismatch(PROMPT, "he cat")).isEmpty();
        Renderer open = withTemplate(tiny, "{% for m in messages %}{{ m.content }}{% endfor %}");
        assertThat(open.prefixMismatch(Conversation.ofPrompt("bad t"), "he cat")
                        .orElseThrow()
                        .character())
                .isEqualTo(3);
    }

    @Test
    void aPrefixIsBrokenAlsoBehindASpaceThatTheTokenizerAdds() {
        try (Tokenizer llama = Tokenizer.load(Golden.resource("tokenizers/llama-bpe"))) {
            Renderer raw = new Renderer(llama, Optional.empty(), EOS);
            PrefixMismatch mismatch =
                    raw.prefixMismatch(Conversation.ofPrompt("the ca"), "t dog").orElseThrow();
            assertThat("the ca".substring(mismatch.character())).isEqualTo(mismatch.excerpt());
            assertThat(mismatch.joined()).isNotEqualTo(mismatch.alone());
            Continued rendered = raw.continuation("the ca", "t dog");
            assertThat(llama.decode(rendered.ids(), true)).isEqualTo("the cat dog");
        }
    }

    @Test
    void withoutATemplateBosComesFirstAndEosOnlyAfterAFinishedReply() {
        try (Tokenizer stories = Tokenizer.load(SharedFiles.require("models/stories260k"))) {
            Renderer raw = new Renderer(stories, Optional.empty(), EOS);
            Conversation prompt = Conversation.ofPrompt("Once upon a");
            Rendered cut = raw.complete(prompt, " time", false);
            assertThat(cut.ids()).containsExactly(1, 403, 407, 261, 378); // transformers' ids of the joined text
            assertThat(cut.promptLength()).isEqualTo(4);
            assertThat(raw.complete(prompt, " time", true).ids()).containsExactly(1, 403, 407, 261, 378, EOS);
            assertThat(raw.prompt(Conversation.ofPrompt(""))).containsExactly(1);
            assertThat(raw.text("Once upon a time")).containsExactly(1, 403, 407, 261, 378);
        }
    }

    @Test
    void aTokenizerThatPutsASpaceBeforeTextsAddsNoneInTheMiddle() {
        try (Tokenizer stories = Tokenizer.load(SharedFiles.require("models/stories260k"))) {
            Renderer raw = new Renderer(stories, Optional.empty(), EOS);
            int fallbacks = 0;
            for (int border = 1; border < 16; border++) {
                String whole = "Once upon a time";
                Continued rendered = raw.continuation(whole.substring(0, border), whole.substring(border));
                assertThat(stories.decode(rendered.ids(), true)).isEqualTo(whole);
                fallbacks += rendered.joined() ? 1 : 0;
            }
            assertThat(fallbacks).as("borders inside a token").isPositive();
        }
    }

    @Test
    void aDialogueNeedsATemplate() {
        Renderer raw = new Renderer(tiny, Optional.empty(), EOS);
        Conversation dialogue = new Conversation(List.of(new Message("system", "a"), Message.user("b")));
        assertThatThrownBy(() -> raw.prompt(dialogue))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("2 message(s)")
                .hasMessageContaining("set a chat template");
        assertThatThrownBy(() -> raw.prompt(Conversation.ofPrompt("")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("nothing to continue");
    }

    @Test
    void aDoubledBosIsRefused() {
        Renderer doubled = withTemplate(tiny, "{{ bos_token + bos_token + messages[0].content }}");
        assertThatThrownBy(() -> doubled.prompt(PROMPT))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("two BOS tokens (<|im_start|>)");
        try (Tokenizer stories = Tokenizer.load(SharedFiles.require("models/stories260k"))) {
            assertThatThrownBy(() -> new Renderer(stories, Optional.empty(), EOS).text("<s>Once"))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("two BOS tokens (<s>)");
            // The template writes BOS and the tokenizer would too: only one of them may.
            Renderer llama = withTemplate(stories, "{{ bos_token }}{{ messages[0].content }}");
            assertThat(llama.prompt(Conversation.ofPrompt("Once")))
                    .startsWith(1)
                    .doesNotHaveDuplicates();
        }
    }

    @Test
    void aTemplateThatRewritesThePromptIsRefused() {
        Renderer counting = withTemplate(tiny, "{{ messages | length }} {{ messages[0].content }}");
        assertThatThrownBy(() -> counting.complete(PROMPT, "good", true))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("at character 0 '1 the cat' becomes '2 the cat'");
    }

    @Test
    void aConversationMustEndWithTheReplyThatIsScored() {
        assertThatThrownBy(() -> chat.conversation(PROMPT))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("ends with the role 'user'");
        assertThatThrownBy(() -> chat.conversation(new Conversation(List.of(Message.assistant("a")))))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("single assistant message");
    }

    @Test
    void specialTokensAndScoredPositionsAreShown() {
        Rendered rendered = chat.complete(PROMPT, "good", true);
        String shown = chat.show(
                rendered.ids(),
                Map.of(rendered.valuePosition().orElseThrow(), "value", rendered.rewardPosition(), "reward"));
        assertThat(shown).startsWith("<|im_start|>·").contains("<|im_end|>·").endsWith("\\n⟦reward⟧");
        assertThat(shown).contains("\\n⟦value⟧\n");
    }

    /** The real thing: four seconds of unpacking, half a gigabyte. */
    @Test
    @Tag("slow")
    void smolLm2RendersAsInTransformers(@TempDir Path folder) throws IOException, InterruptedException {
        Process unpack = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        SharedFiles.require("tools/UnpackGguf.java").toString(),
                        SharedFiles.require("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf")
                                .toString(),
                        folder.toString())
                .inheritIO()
                .start();
        assertThat(unpack.waitFor()).isZero();
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            TokenizerTest.assertAgrees(tokenizer, Golden.read().path("tokens").path("smollm2"));
            Renderer renderer =
                    new Renderer(tokenizer, ChatTemplate.load(folder, tokenizer.specialTokens(), Golden.CLOCK), EOS);
            for (JsonNode example : Golden.read().path("smollm2_chat")) {
                Conversation conversation = Golden.conversation(example.path("messages"));
                int[] expected = Golden.ids(example.path("ids"));
                if (example.path("add_generation_prompt").asBoolean()) {
                    assertThat(renderer.prompt(conversation)).isEqualTo(expected);
                } else if (conversation.finalReply().isPresent()) {
                    Rendered rendered = renderer.conversation(conversation);
                    assertThat(rendered.ids()).isEqualTo(expected);
                    assertThat(rendered.merges()).isFalse();
                }
            }
        }
    }
}

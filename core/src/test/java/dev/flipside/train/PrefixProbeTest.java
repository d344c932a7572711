package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.TestResources;
import dev.flipside.config.UserError;
import dev.flipside.text.ChatTemplate;
import dev.flipside.text.Conversation;
import dev.flipside.text.Renderer;
import dev.flipside.text.Tokenizer;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrefixProbeTest {
    private static Tokenizer tiny;

    @BeforeAll
    static void load() {
        tiny = Tokenizer.load(TestResources.path("text/tiny-chatml"));
    }

    @AfterAll
    static void close() {
        tiny.close();
    }

    private static Renderer renderer(Tokenizer tokenizer, String template) {
        return new Renderer(
                tokenizer,
                Optional.of(new ChatTemplate("t", template, tokenizer.specialTokens(), Clock.systemUTC())),
                2);
    }

    /**
     * A line break behind the generation prompt's own becomes one token with it, in this tokenizer as in those of Qwen
     * and Llama 3.
     */
    @Test
    void aPromptThatMergesWithAReplyIsNamedWithItsCharacter() {
        try (Tokenizer lines = Tokenizer.load(TestResources.path("text/wholetext/line-breaks"))) {
            String turns = "{% for m in messages %}{{ '<|im_start|>' + m.content }}{% endfor %}"
                    + "{% if add_generation_prompt %}{{ '<|im_start|>' }}{% endif %}";
            Renderer special = renderer(lines, turns);
            List<Conversation> prompts = List.of(Conversation.ofPrompt("cat"), Conversation.ofPrompt("dog"));
            assertThat(PrefixProbe.ofPrompts(special, prompts)).isEqualTo(new PrefixProbe(10, 0, Optional.empty()));

            Renderer line = renderer(lines, turns.replace("'<|im_start|>'", "'<|im_start|>\\n'"));
            PrefixProbe probe = PrefixProbe.ofPrompts(line, prompts);
            assertThat(probe.looked()).isEqualTo(10);
            assertThat(probe.merged()).isEqualTo(2);
            assertThat(probe.first().orElseThrow())
                    .isEqualTo("prompt 1 at character 28, \"\\n\": the tokens \"\\n\" become \"\\n\\n\"");
            assertThat(probe.sentence("data.prompts").orElseThrow())
                    .startsWith(
                            "data.prompts: 2 of 10 beginnings of replies merge with the prompt's last tokens (prompt 1");
        }
    }

    @Test
    void aTemplateThatRewritesThePromptIsRefusedBeforeTraining() {
        Renderer rewriting = renderer(tiny, "{{ messages|length }}{% for m in messages %}{{ m.content }}{% endfor %}");
        assertThatThrownBy(() -> PrefixProbe.ofPrompts(rewriting, List.of(Conversation.ofPrompt("a"))))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("writes the prompt differently once a reply follows: at character 0");
    }

    @Test
    void aRunLooksAtItsOwnDataBeforeItStarts(@TempDir Path folder) {
        TinyWorld world = new TinyWorld(folder);
        Path template = world.write(
                "rewriting.jinja",
                "{% if messages|length > 1 %}x{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}");
        Recorder recorder = new Recorder();
        assertThatThrownBy(() -> new SaveTrainer(world.config("run", "reward_model.chat_template=" + template))
                        .listener(recorder)
                        .run())
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("reward_model.model: The chat template writes the prompt differently");
        assertThat(recorder.activities).as("nothing was computed").isEmpty();
        assertThat(folder.resolve("run")).doesNotExist();
    }
}

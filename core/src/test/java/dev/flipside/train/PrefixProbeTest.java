package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import dev.flipside.data.Preference;
import dev.flipside.text.ChatTemplate;
import dev.flipside.text.Conversation;
import dev.flipside.text.Renderer;
import dev.flipside.text.Tokenizer;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrefixProbeTest {
    private static Tokenizer tiny;

    @BeforeAll
    static void load() throws URISyntaxException {
        tiny = Tokenizer.load(
                Path.of(PrefixProbeTest.class.getResource("/text/tiny-chatml").toURI()));
    }

    @AfterAll
    static void close() {
        tiny.close();
    }

    private static Renderer renderer(String template) {
        return new Renderer(
                tiny, Optional.of(new ChatTemplate("t", template, tiny.specialTokens(), Clock.systemUTC())), 2);
    }

    @Test
    void aPromptThatMergesWithAReplyIsNamedWithItsCharacter() {
        Renderer raw = new Renderer(tiny, Optional.empty(), 2);
        Preference apart = new Preference(Conversation.ofPrompt("cat"), " good", " bad", OptionalDouble.empty());
        Preference merged = new Preference(Conversation.ofPrompt("cat t"), "he", " bad", OptionalDouble.empty());
        assertThat(PrefixProbe.ofPairs(raw, List.of(apart))).isEqualTo(new PrefixProbe(2, 0, Optional.empty()));
        PrefixProbe probe = PrefixProbe.ofPairs(raw, List.of(apart, merged));
        assertThat(probe.looked()).isEqualTo(4);
        assertThat(probe.broken()).isEqualTo(1);
        assertThat(probe.first()).hasValue("pair 2 at character 3, \" t\": the tokens \" \" \"t\" become \" the\"");
        assertThat(probe.warning("data.preferences").orElseThrow())
                .startsWith("data.preferences: in 1 of 4 renderings looked at the prompt's tokens are not the first");
    }

    @Test
    void aTemplateThatEndsInsideAWordMergesAndOneThatEndsALineDoesNot() {
        List<Conversation> prompts = List.of(Conversation.ofPrompt("the cat"));
        String turns = "{% for m in messages %}{{ m.content }}\n{% endfor %}";
        Renderer open = renderer("{% for m in messages %}{{ m.content + ' ' }}{% endfor %}");
        assertThat(PrefixProbe.ofPrompts(renderer(turns), prompts).broken()).isZero();
        Preference pair = new Preference(prompts.get(0), "the", "dog", OptionalDouble.empty());
        assertThat(PrefixProbe.ofPairs(open, List.of(pair)).broken()).isPositive();
    }

    @Test
    void aTemplateThatRewritesThePromptIsRefusedBeforeTraining() {
        Renderer rewriting = renderer("{{ messages|length }}{% for m in messages %}{{ m.content }}{% endfor %}");
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

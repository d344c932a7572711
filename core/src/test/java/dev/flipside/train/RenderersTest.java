package dev.flipside.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.TestResources;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.UserError;
import dev.flipside.model.ModelFiles;
import dev.flipside.text.Conversation;
import dev.flipside.text.Renderer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RenderersTest {
    @TempDir
    Path folder;

    @BeforeEach
    void model() throws IOException {
        copy("text/tiny-chatml/tokenizer.json");
        copy("goldens/llama/config.json");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"bos_token\": \"<|im_start|>\"}");
        template("{{ strftime_now('%d %B %Y') }}{{ ' thinking' if enable_thinking }}");
    }

    private void copy(String resource) {
        TestResources.copy(resource, folder.resolve(Path.of(resource).getFileName()));
    }

    private void template(String source) throws IOException {
        Files.writeString(folder.resolve("chat_template.jinja"), source);
    }

    private String prompt(Map<String, Object> variables, Optional<String> date) {
        ChatTemplateConfig config = new ChatTemplateConfig(Optional.empty(), variables, date);
        try (Renderer renderer = Renderers.load(folder, config, ModelFiles.open(folder))) {
            return renderer.decode(renderer.prompt(Conversation.ofPrompt("Hi")));
        }
    }

    @Test
    void aDateIsFrozenAndCanBeSet() {
        assertThat(prompt(Map.of(), Optional.empty())).isEqualTo("26 July 2024");
        assertThat(prompt(Map.of(), Optional.of("2026-01-02"))).isEqualTo("02 January 2026");
        assertThat(prompt(Map.of("enable_thinking", true), Optional.empty())).isEqualTo("26 July 2024 thinking");
    }

    @Test
    void whatCannotChangeAnythingIsRefused() throws IOException {
        assertRefused(Map.of("thinking", 1), Optional.empty(), "does not read 'thinking'");
        template("{{ messages[0].content }}");
        assertRefused(Map.of(), Optional.of("2026-01-02"), "does not read the date (strftime_now)");
        Files.delete(folder.resolve("chat_template.jinja"));
        assertRefused(Map.of(), Optional.of("2026-01-02"), "does not read the date (strftime_now)");
        assertRefused(Map.of("thinking", 1), Optional.empty(), "has no chat template that could read them");
        assertThat(prompt(Map.of(), Optional.empty())).endsWith("Hi");
    }

    private void assertRefused(Map<String, Object> variables, Optional<String> date, String message) {
        assertThatThrownBy(() -> prompt(variables, date))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("chat_template_")
                .hasMessageContaining(message);
    }
}

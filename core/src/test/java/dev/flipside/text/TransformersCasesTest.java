package dev.flipside.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The cases of transformers' own suite for chat templates, by their names there; see docs/robustness.md. */
class TransformersCasesTest {
    @TempDir
    Path folder;

    private static List<JsonNode> cases(String kind) throws IOException {
        List<JsonNode> cases = new ArrayList<>();
        new ObjectMapper()
                .readTree(Golden.resource("transformers_cases.json").toFile())
                .forEach(example -> {
                    if (example.has(kind)) {
                        cases.add(example);
                    }
                });
        assertThat(cases).isNotEmpty();
        return cases;
    }

    static List<JsonNode> rendered() throws IOException {
        return cases("template");
    }

    static List<JsonNode> found() throws IOException {
        return cases("files");
    }

    @ParameterizedTest
    @MethodSource("rendered")
    void textsAndIdsAreThoseOfTransformers(JsonNode example) throws IOException {
        ChatTemplate template =
                new ChatTemplate("t", example.path("template").asText(), SpecialTokens.NONE, Golden.CLOCK);
        String text = template.render(Golden.conversation(example.path("messages")), false);

        assertThat(text).isEqualTo(example.path("text").asText());
        try (Tokenizer tokenizer = Tokenizer.load(Golden.resource("tiny-chatml"))) {
            assertThat(tokenizer.encode(text, false)).isEqualTo(Golden.ids(example.path("ids")));
        }
    }

    @ParameterizedTest
    @MethodSource("found")
    void theTemplateOfADirectoryIsTheOneThatTransformersTakes(JsonNode example) throws IOException {
        for (Map.Entry<String, JsonNode> file : example.path("files").properties()) {
            Path path = folder.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.writeString(
                    path,
                    file.getValue().isTextual()
                            ? file.getValue().asText()
                            : file.getValue().toString());
        }
        if (example.has("text")) {
            assertThat(load().orElseThrow().render(Conversation.ofPrompt("Hi"), false))
                    .isEqualTo(example.path("text").asText());
        } else if (example.path("test").asText().equals("no template")) {
            assertThat(load()).isEmpty();
        } else {
            assertThatThrownBy(this::load).isInstanceOf(UserError.class).hasMessageContaining("default");
        }
    }

    private Optional<ChatTemplate> load() {
        return ChatTemplate.load(folder, SpecialTokens.NONE, Golden.CLOCK);
    }
}

package dev.flipside.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.SharedFiles;
import dev.flipside.config.UserError;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PromptDataTest {
    @TempDir
    Path folder;

    private PromptExample only(String line) throws IOException {
        Path file = folder.resolve("prompts.jsonl");
        Files.writeString(file, line.replace('`', '"'));
        List<PromptExample> examples = PromptData.read(file);
        assertThat(examples).hasSize(1);
        return examples.get(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{`prompt`: `Hi`, `answer`: 42}",
                "{`prompt`: {`role`: `user`, `content`: `Hi`}, `answer`: 42}",
                "{`prompt`: [{`role`: `user`, `content`: `Hi`}], `answer`: 42, `nothing`: null}",
                "{`messages`: [{`role`: `user`, `content`: `Hi`}], `answer`: 42}",
                "{`messages`: [{`role`: `user`, `content`: `Hi`}, {`role`: `assistant`, `content`: `Yes`}], `answer`: 42}",
                "{`conversations`: [{`from`: `human`, `value`: `Hi`}, {`from`: `gpt`, `value`: `Yes`}], `answer`: 42}",
                "{`instruction`: `Hi`, `input`: ``, `answer`: 42}",
                "{`turns`: [`Hi`, `More`], `answer`: 42}",
            })
    void everyShapeGivesTheSamePrompt(String line) throws IOException {
        assertThat(only(line)).isEqualTo(new PromptExample(Conversation.ofPrompt("Hi"), Map.of("answer", 42)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{`chosen`: `\\n\\nHuman: Hi\\n\\nAssistant: a`, `rejected`: `\\n\\nHuman: Hi\\n\\nAssistant: b`}",
                "{`chosen`: `\\n\\nHuman: Hi\\n\\nAssistant: a`}",
                "{`chosen`: [{`role`: `user`, `content`: `Hi`}, {`role`: `assistant`, `content`: `a`}]}",
                "{`chosen`: `Hi there`, `rejected`: `Hi you`}",
                "{`prompt`: `Hi`, `chosen`: `a`, `rejected`: `b`}",
            })
    void preferenceFilesServeAsPrompts(String line) throws IOException {
        PromptExample example = only(line);
        assertThat(example.prompt()).isEqualTo(Conversation.ofPrompt("Hi"));
        assertThat(example.columns()).containsKey("chosen");
    }

    @Test
    void earlierTurnsStay() throws IOException {
        PromptExample example = only("{`chosen`: `\\n\\nHuman: a\\n\\nAssistant: b\\n\\nHuman: c\\n\\nAssistant: d`}");
        assertThat(example.prompt().messages())
                .containsExactly(Message.user("a"), Message.assistant("b"), Message.user("c"));
    }

    @Test
    void aRowWithoutAPromptIsNamed() {
        assertThatThrownBy(() -> only("{`text`: `Hi`}"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("prompts.jsonl, line 1 has no prompt: none of prompt,")
                .hasMessageContaining("[text]");
        assertThatThrownBy(() -> only("{`messages`: [{`role`: `assistant`, `content`: `Hi`}]}"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("single assistant message");
        assertThatThrownBy(() -> only("{`turns`: `Hi`}"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("'turns' that is not a list of texts");
    }

    @Test
    void benchmarkPrompts() {
        List<PromptExample> arena = PromptData.read(SharedFiles.require("data/prompts/arena_hard_v0.1_question.jsonl"));
        List<PromptExample> mtBench = PromptData.read(SharedFiles.require("data/prompts/mt_bench_question.jsonl"));
        assertThat(arena).hasSize(500);
        assertThat(arena.get(0).columns()).containsOnlyKeys("uid", "category", "cluster");
        assertThat(mtBench).hasSize(80);
        assertThat(mtBench.get(0).prompt().last().content()).startsWith("Compose an engaging travel blog");
    }

    @Test
    void preferenceDataOfEveryKind() {
        assertThat(PromptData.read(SharedFiles.require("data/hh-rlhf-harmless/harmless-base-test.jsonl.gz")))
                .hasSize(2312);
        assertThat(PromptData.read(
                        SharedFiles.require("data/instruction-preference/instruction-data-with-preference.json")))
                .hasSize(1100);
    }
}

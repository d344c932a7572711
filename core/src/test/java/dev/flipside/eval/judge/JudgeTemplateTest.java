package dev.flipside.eval.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import dev.flipside.text.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JudgeTemplateTest {
    @TempDir
    Path folder;

    @Test
    void templatesOfTheUsersAreFilledOnce() throws IOException {
        Path file = folder.resolve("template.txt");
        Files.writeString(
                file,
                "<|im_start|>system\nJudge.\n<|im_end|>\n<|im_start|>user\n{\n  \"a\": \"{one}\", \"b\": \"{two}\" {other}\n}\n<|im_end|>",
                StandardCharsets.UTF_8);
        JudgeTemplate template = JudgeTemplate.read(file, List.of("one", "two"));
        assertThat(template.fill(Map.of("one", "{two} $1 \\", "two", "2")))
                .containsExactly(
                        new Message("system", "Judge."),
                        new Message("user", "{\n  \"a\": \"{two} $1 \\\", \"b\": \"2\" {other}\n}"));
        assertThatThrownBy(() -> JudgeTemplate.read(file, List.of("one", "three")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has no {three}");
        Files.writeString(file, "Just {one}.\n");
        assertThat(JudgeTemplate.read(file, List.of("one")).fill(Map.of("one", "x")))
                .containsExactly(Message.user("Just x."));
    }
}

package dev.flipside.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read from elsewhere has a bound before it has filled the memory. */
class BoundedInputTest {
    @TempDir
    Path folder;

    @Test
    void linesAreThoseOfAnyReader() throws IOException {
        String text = "a\nb\r\n\n\rc\r\r\nd";
        List<String> lines = new ArrayList<>();
        try (BoundedLines reader = new BoundedLines(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
            }
        }
        assertThat(lines).isEqualTo(text.lines().toList());
    }

    @Test
    void aLineWithoutEndIsRefused() throws IOException {
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return 'a';
            }

            @Override
            public int read(byte[] into, int from, int length) {
                java.util.Arrays.fill(into, from, from + length, (byte) 'a');
                return length;
            }
        };
        try (BoundedLines reader = new BoundedLines(endless)) {
            assertThatThrownBy(reader::readLine).isInstanceOf(IOException.class).hasMessageContaining("characters");
        }
    }

    @Test
    void aFileThatIsTooLargeIsToldWithoutReadingItWhole() throws IOException {
        Path file = folder.resolve("config.json");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(5L << 30);
        }
        assertThatThrownBy(() -> BoundedFile.bytes(file))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(file + " has more than 128 MB");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"run: {output_dir: \"a\\0b\"}", "policy: {model: \"\\0\"}", "data: {prompts: [\"x\", \"\\0\"]}"})
    void aZeroCharacterInAConfigurationIsToldWithItsKey(String yaml) throws IOException {
        Path file = folder.resolve("run.yaml");
        Files.writeString(file, yaml);
        assertThatThrownBy(() -> ConfigReader.train(file, List.of()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("zero character");
        assertThatThrownBy(() -> ConfigReader.train(file, List.of("policy.model=\"\\0\"")))
                .isInstanceOf(UserError.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c]\nrun: *d",
                "run: {output_dir: LONG}",
                "run: DEEP",
            })
    void aHostileConfigurationIsToldAsASentence(String yaml) throws IOException {
        Path file = folder.resolve("run.yaml");
        Files.writeString(
                file, yaml.replace("LONG", "\"" + "q".repeat(10_000_000) + "\"").replace("DEEP", "[".repeat(100_000)));
        assertThatThrownBy(() -> ConfigReader.train(file, List.of()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(file.toString());
    }

    @Test
    void aPathWithAZeroCharacterIsToldWithTheKeyThatHoldsIt() {
        assertThatThrownBy(() -> NamedPath.of("adapter_config.json: base_model_name_or_path", "a\0b"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("adapter_config.json: base_model_name_or_path is 'a?b'");
    }

    @Test
    void aSentenceIsNoLongerThanAScreenWhateverAFileHolds() {
        assertThat(new UserError("x".repeat(100_000) + " correct it.").getMessage())
                .hasSizeLessThanOrEqualTo(1_000)
                .endsWith(" correct it.");
    }
}

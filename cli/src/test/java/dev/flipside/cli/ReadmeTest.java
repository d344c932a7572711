package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.config.ConfigReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README shows must work. */
class ReadmeTest {
    @TempDir
    Path folder;

    @Test
    void itsConfigurationsAreAccepted() throws IOException {
        List<String> blocks = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("../README.md")))
                .results()
                .map(block -> block.group(1))
                .toList();
        assertThat(blocks).hasSize(2);

        Path reward = Files.writeString(folder.resolve("rm.yaml"), blocks.get(0));
        Path loop = Files.writeString(folder.resolve("save.yaml"), blocks.get(1));
        assertThat(ConfigReader.rewardTraining(reward, List.of()).run().outputDir())
                .isEqualTo("runs/reward-model");
        List<String> overrides = List.of("save.preset=off", "run.output_dir=runs/frozen");
        assertThat(ConfigReader.train(loop, List.of()).save().update().learningRate())
                .isEqualTo(1e-6);
        assertThat(ConfigReader.train(loop, overrides).run().outputDir()).isEqualTo("runs/frozen");
    }
}

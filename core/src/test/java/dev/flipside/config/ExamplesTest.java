package dev.flipside.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every file of examples/ is a valid configuration that says what it is for, how to run it and how long it takes. */
class ExamplesTest {
    private static final Path EXAMPLES = Path.of("../examples");

    static List<Path> examples() throws IOException {
        try (Stream<Path> files = Files.walk(EXAMPLES)) {
            return files.filter(f -> f.toString().endsWith(".yaml"))
                    .filter(f -> !f.toString().contains("target"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void isValid(Path file) throws IOException {
        String text = Files.readString(file);
        String command;
        if (text.lines().anyMatch("comparison:"::equals)) {
            command = "compare";
            ConfigReader.comparison(file, List.of());
        } else if (text.lines().anyMatch("training:"::equals)) {
            command = "train-rm";
            ConfigReader.rewardTraining(file, List.of());
        } else {
            command = "train";
            ConfigReader.train(file, List.of());
        }
        assertThat(text)
                .startsWith("# ")
                .contains("./flipside " + command + " examples/" + EXAMPLES.relativize(file))
                .contains("# Time");
    }

    @Test
    void coversTheThreeAlgorithmsOnBothModels() throws IOException {
        for (String model : List.of("stories", "smollm2")) {
            for (AlgorithmConfig.Name algorithm : AlgorithmConfig.Name.values()) {
                Path file = EXAMPLES.resolve(
                        model + "-save-" + algorithm.name().toLowerCase(java.util.Locale.ROOT) + ".yaml");
                assertThat(ConfigReader.train(file, List.of()).algorithm().name())
                        .isEqualTo(algorithm);
            }
        }
        assertThat(examples()).hasSizeGreaterThanOrEqualTo(12);
    }
}

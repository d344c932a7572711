package dev.flipside.cli.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.compare.ArmSetting;
import dev.flipside.compare.ComparisonPlan;
import dev.flipside.compare.FileBase;
import dev.flipside.config.ComparisonConfig;
import dev.flipside.config.ConfigReader;
import dev.flipside.config.TrainConfig;
import dev.flipside.hub.HubInputs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every comparison that the project ships can be run: all of its arms, in the first seed, pass the checks that come
 * before the first run.
 */
class EvidenceTest {
    @TempDir
    Path temp;

    static List<Path> comparisons() throws IOException {
        List<Path> files = new ArrayList<>();
        for (String folder : List.of("../evidence", "../examples")) {
            try (Stream<Path> all = Files.list(Path.of(folder))) {
                all.filter(f -> f.toString().endsWith(".yaml")).sorted().forEach(files::add);
            }
        }
        files.removeIf(f -> f.getParent().endsWith("examples")
                && !f.getFileName().toString().startsWith("compare-"));
        return files;
    }

    @ParameterizedTest
    @MethodSource("comparisons")
    void everyArmIsAccepted(Path file) throws IOException {
        ComparisonConfig config = ConfigReader.comparison(file, List.of("comparison.output_dir=" + temp));
        assertThat(Files.readString(file))
                .contains("./flipside compare " + file.getParent().getFileName() + "/" + file.getFileName());
        if (config.base().world().isPresent()) {
            ComparisonPlan plan = ComparisonPlan.of(config, HubInputs.pathsOnly());
            plan.base().write(plan.folder(), plan.seeds().get(0));
            plan.check();
        } else {
            // Its paths are seen from the project's root, and its judge is not there yet.
            FileBase base = FileBase.of(config.base(), HubInputs.pathsOnly());
            ComparisonPlan plan = ComparisonPlan.of(
                    config,
                    new FileBase(
                            Path.of("..").resolve(base.train()),
                            base.overrides(),
                            base.rewardTraining().map(Path.of("..")::resolve),
                            base.make(),
                            base.rewardOverrides(),
                            base.inputs()));
            assertThat(plan.base().shared(plan.folder(), 1)).hasSize(base.make().isPresent() ? 2 : 1);
            for (ArmSetting arm : plan.arms()) {
                TrainConfig training = plan.training(1, arm, false);
                assertThat(training.run().seed()).isEqualTo(1);
                assertThat(training.rewardModel().model().orElseThrow()).endsWith("seed-1/reward_model/final");
            }
        }
    }
}

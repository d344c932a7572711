package dev.flipside.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.ComparisonConfig.Direction;
import dev.flipside.config.ComparisonConfig.Over;
import dev.flipside.config.ComparisonConfig.Role;
import dev.flipside.config.ComparisonConfig.WorldName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComparisonConfigTest {
    private static final String YAML =
            """
            comparison:
              output_dir: runs/w
              seeds: [1, 2, 3]
              baseline: frozen
              criterion: SAVE raises the gold reward.
              criterion_arms: [save]
              detectable_effect: 0.02
              outcomes:
                - {metric: eval_gold, label: gold, role: primary}
                - {metric: save/label_accuracy, over: mean, direction: lower}
            base:
              world: W
              steps: 30
            arms:
              frozen:
              save: {description: as published}
              slow:
                like: save
                overrides: [save.learning_rate=1.0e-4, "save.preset=guarded"]
              map:
                overrides: {save.preset: off, save.learning_rate: 1.0e-4, rollout: {num_generations: 4}}
            """;

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void write() throws IOException {
        file = Files.writeString(folder.resolve("compare.yaml"), YAML);
    }

    private ComparisonConfig read(String... overrides) {
        return ConfigReader.comparison(file, List.of(overrides));
    }

    @Test
    void armsAreReadInTheFilesOrderWithEitherFormOfOverrides() {
        ComparisonConfig config = read();
        assertThat(config.arms().keySet()).containsExactly("frozen", "save", "slow", "map");
        assertThat(config.arms().get("frozen").overrides()).isEmpty();
        assertThat(config.arms().get("slow").like()).contains("save");
        assertThat(config.arms().get("slow").overrides().orElseThrow().lines())
                .containsExactly("save.learning_rate=1.0e-4", "save.preset=guarded");
        assertThat(config.arms().get("map").overrides().orElseThrow().lines())
                .containsExactly("save.preset=\"off\"", "save.learning_rate=1.0E-4", "rollout.num_generations=4");
        assertThat(config.base().world()).contains(WorldName.W);
    }

    @Test
    void outcomesHaveDefaults() {
        ComparisonConfig config = read();
        ComparisonConfig.Outcome gold = config.comparison().outcomes().get(0);
        ComparisonConfig.Outcome labels = config.comparison().outcomes().get(1);
        assertThat(gold.title()).isEqualTo("gold");
        assertThat(gold.direction()).isEqualTo(Direction.HIGHER);
        assertThat(gold.over()).isEqualTo(Over.LAST);
        assertThat(labels.role()).isEqualTo(Role.SECONDARY);
        assertThat(labels.title()).isEqualTo("save/label_accuracy");
        assertThat(config.detectableEffect(gold)).isEqualTo(0.02);
        assertThat(config.criterionSpeaksOf("save")).isTrue();
        assertThat(config.criterionSpeaksOf("slow")).isFalse();
    }

    @Test
    void whatIsWrittenIsReadAgain() throws IOException {
        ComparisonConfig config = read();
        Path again = Files.writeString(folder.resolve("again.yaml"), ConfigReader.write(config));
        assertThat(ConfigReader.comparison(again, List.of())).isEqualTo(config);
        ResumedConfig.requireSame(again, config);
    }

    @Test
    void aMadeTaskIsReadWithItsDefaultsAndWrittenWhole() throws IOException {
        Files.writeString(
                file,
                YAML.substring(0, YAML.indexOf("base:"))
                        + """
                base: {train: t.yaml, make: {task: stories, pairs: 50, temperature: 0.7}}
                arms: {frozen: {overrides: []}, save: {overrides: []}}
                """);
        ComparisonConfig config = read();
        TaskConfig make = config.base().make().orElseThrow();
        assertThat(make.task()).isEqualTo(TaskConfig.Name.STORIES);
        assertThat(make.pairs()).isEqualTo(50);
        assertThat(make.temperature()).hasValue(0.7);
        assertThat(make.flipped()).isEqualTo(0.3);
        assertThat(make.maxCompletionLength()).isEmpty();
        Path again = Files.writeString(folder.resolve("again.yaml"), ConfigReader.write(config));
        assertThat(ConfigReader.comparison(again, List.of())).isEqualTo(config);
        ResumedConfig.requireSame(again, config);
        assertThatThrownBy(() -> ResumedConfig.requireSame(again, read("base.make.flipped=0.2")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("base.make: ");
    }

    @Test
    void theCommandLineChangesKeysAndArms() {
        ComparisonConfig config = read("comparison.seeds=[7]", "arms.gold={}", "base.steps=3");
        assertThat(config.comparison().seeds()).containsExactly(7L);
        assertThat(config.arms()).containsKey("gold");
        assertThat(config.base().steps()).hasValue(3);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "comparison.criterion=''           | comparison.criterion is missing",
                "comparison.detectable_effect=     | comparison.detectable_effect is missing",
                "comparison.detectable_effect=0    | comparison.detectable_effect is missing or not positive",
                "comparison.seeds=[]               | comparison.seeds: no seed",
                "comparison.seeds=[1, 1]           | names a seed twice",
                "comparison.baseline=none          | 'none' is none of the arms (frozen, save, slow, map)",
                "comparison.criterion_arms=[froz]  | 'froz' is the baseline or none",
                "comparison.outcomes=[]            | none is primary",
                "comparison.outcomes=[{}]          | an entry has no metric",
                "comparison.outcomes=[{metric: judge/reward, role: primary}] | needs comparison.judge.model",
                "comparison.outcomes=[{metric: a, role: primary, direktion: lower}] | there is no such key",
                "comparison.alpha=1                | comparison.alpha",
                "comparison.test=bootstrap         | one of sign_flip, paired_t",
                "base.train=x.yaml                 | give either world (w or n) or train",
                "base.world=x                      | one of w, n",
                "base.pretraining_steps=0          | base.pretraining_steps must be at least 1",
                "base.reward_training=rm.yaml      | base.reward_training has no effect with base.world",
                "base.make={task: stories}         | base.make has no effect with base.world",
                "arms.policy={}                    | arms.policy: a seed's folder has another policy",
                "arms.a/b={}                       | arms.a/b: a name is letters",
                "arms.new={overrides: 3}           | arms.new.overrides: overrides are a list",
                "arms.new={override: []}           | arms.new.override: there is no such key",
            })
    void mistakesAreNamed(String override, String message) {
        assertThatThrownBy(() -> read(override)).isInstanceOf(UserError.class).hasMessageContaining(message);
    }

    @Test
    void aQuestionThatChangedIsRefusedByName() throws IOException {
        Path stored = Files.writeString(folder.resolve("stored.yaml"), ConfigReader.write(read()));
        List<List<String>> changes = new ArrayList<>();
        changes.add(List.of("comparison.seeds=[1, 2, 3, 4]", "comparison.seeds"));
        changes.add(List.of(
                "comparison.detectable_effect=0.01", "comparison.detectable_effect: '0.01' differs from the '0.02'"));
        changes.add(List.of("arms.gold={}", "arms.gold"));
        changes.add(List.of("arms.save={overrides: []}", "arms.save"));
        for (List<String> change : changes) {
            assertThatThrownBy(() -> ResumedConfig.requireSame(stored, read(change.get(0))))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining(change.get(1));
        }
        ResumedConfig.requireSame(stored, read("comparison.workers=2", "comparison.output_dir=runs/elsewhere"));
        String slow = "  slow:\n    like: save\n    overrides: [save.learning_rate=1.0e-4, \"save.preset=guarded\"]\n";
        Files.writeString(file, YAML.replace(slow, ""));
        assertThatThrownBy(() -> ResumedConfig.requireSame(stored, read()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("arms.slow: is missing");
    }
}

package dev.flipside.cli.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportPageTest {
    @TempDir
    static Path temp;

    private static ReportPage page;
    private static String html;

    @BeforeAll
    static void write() throws IOException {
        Path folder = SyntheticRuns.comparison(temp.resolve("comparison"));
        page = ReportPage.read(
                folder,
                List.of(
                        SyntheticRuns.rewardModelBenchmarks(temp.resolve("rm")),
                        SyntheticRuns.policyBenchmarks(temp.resolve("policy")),
                        SyntheticRuns.judgedBenchmarks(temp.resolve("judged"))));
        html = page.html();
    }

    @Test
    void usersTextNeverBecomesMarkup() {
        assertThat(html).doesNotContain("<script>document.title").doesNotContain("<img src=x");
        // Criterion, description, prompts, completions, provenance and configuration: all of them are there, escaped.
        assertThat(html.split("&lt;script&gt;document.title", -1)).hasSizeGreaterThan(10);
        assertThat(page.data()).doesNotContain("<");
    }

    @Test
    void thePageLoadsNothing() {
        assertThat(html)
                .contains("default-src 'none'")
                .doesNotContain(" src=\"", "<link", "@import", "url(")
                .contains("uPlot");
    }

    @Test
    void theQuestionAndTheAnswerAreTheFirstThing() {
        Question question = page.sections().get(0).question().get(0);
        assertThat(question.verdict()).isEqualTo("met");
        assertThat(question.facts())
                .extracting(Fact::term)
                .contains("Seeds", "Baseline", "Detectable effect", "Test", "Written down", "SHA-256 of the question");
        assertThat(html.indexOf(">Verdict<")).isLessThan(html.indexOf("<h3>Paired differences"));
    }

    @Test
    void theForestHasARowPerArmAndOutcome() {
        Forest forest = page.sections().get(0).forest().get(0);
        assertThat(forest.panels()).hasSize(SyntheticRuns.OUTCOMES.size());
        for (Forest.Panel panel : forest.panels()) {
            assertThat(panel.rows()).hasSize(SyntheticRuns.ARMS.size() - 1);
            assertThat(panel.ticks()).hasSizeBetween(3, 7).anyMatch(Forest.Tick::zero);
            for (Forest.Row row : panel.rows()) {
                assertThat(row.seeds()).hasSize(SyntheticRuns.SEEDS);
                assertThat(percent(row.low())).isBetween(0.0, 100.0);
                assertThat(percent(row.low()) + percent(row.width())).isBetween(0.0, 100.0);
                assertThat(percent(row.mean()))
                        .isBetween(percent(row.low()), percent(row.low()) + percent(row.width()));
            }
        }
    }

    private static double percent(String text) {
        return Double.parseDouble(text.replace("%", ""));
    }

    @Test
    void curvesHaveMeanBandAndEverySeed() {
        Curves curves = page.sections().get(0).curves();
        Chart gold = curves.charts().get(0);
        assertThat(gold.metric()).isEqualTo("eval_gold");
        assertThat(gold.x()).containsExactly(0, 5, 10, 15, 20);
        assertThat(gold.arms()).hasSize(SyntheticRuns.ARMS.size());
        Curve line = gold.arms().get(1);
        assertThat(line.seeds()).hasSize(SyntheticRuns.SEEDS);
        for (int i = 0; i < 5; i++) {
            assertThat(line.mean().get(i))
                    .isBetween(line.low().get(i), line.high().get(i));
        }
        // What only some steps measured is missing elsewhere, not zero.
        assertThat(curves.charts().stream()
                        .filter(c -> c.metric().equals("reward"))
                        .findFirst()
                        .orElseThrow()
                        .x())
                .hasSize(20);
    }

    @Test
    void alarmsSayInHowManyRunsAndWhen() {
        List<AlarmTable.Row> rows = page.sections().get(0).alarms().rows();
        AlarmTable.Row worst = rows.get(0);
        assertThat(worst.arm()).isEqualTo("guarded");
        assertThat(worst.level()).isEqualTo("alarm");
        assertThat(worst.name()).isEqualTo("held out accuracy loss");
        assertThat(worst.runs()).isEqualTo("8 of 8");
        assertThat(worst.steps()).startsWith("10, 10");
    }

    @Test
    void samplesAreOfTheFirstAndTheLastStepWithLabels() {
        List<Samples> samples = page.sections().get(0).samples();
        assertThat(samples).extracting(Samples::arm).endsWith("frozen").startsWith("save");
        Samples save = samples.get(0);
        assertThat(save.groups()).extracting(Samples.Group::step).containsExactly("1", "20");
        assertThat(save.groups().get(0).completions())
                .extracting(Samples.Completion::label)
                .containsExactly("negative", "ambiguous", "unused", "positive");
        assertThat(save.groups().get(0).completions().get(3).truth()).containsExactly("0.300");
        assertThat(samples.get(3).groups().get(0).completions().get(0).label()).isEmpty();
    }

    @Test
    void benchmarksOfAllKindsAreRead() {
        BenchmarkTable.Row rm = page.benchmarks().get(0).rows().get(0);
        assertThat(rm.score()).isEqualTo("61.5");
        assertThat(rm.range()).isEqualTo("[52.0, 71.0]");
        assertThat(rm.differenceRange()).isEqualTo("[\u22122.0, 5.0]");
        assertThat(page.benchmarks().get(1).rows().get(0).benchmark()).isEqualTo("gsm8k");
        assertThat(page.benchmarks().get(2).rows())
                .extracting(BenchmarkTable.Row::name)
                .containsExactly("score (90 % interval)", "mean over questions");
        assertThat(page.benchmarks().get(2).rows().get(1).range()).isEqualTo("[24.0, 36.0]");
        assertThat(html).contains("natural &lt;set&gt;", "Longer wins");
    }

    @Test
    void aSingleRunHasCurvesDiagnosticsAndSamples() throws IOException {
        Path run = SyntheticRuns.run(temp.resolve("alone"), 2, 1);
        ReportPage alone = ReportPage.read(run, List.of());
        ReportSection section = alone.sections().get(0);
        assertThat(section.question()).isEmpty();
        assertThat(section.alarms().diagnostics())
                .extracting(AlarmTable.Measure::metric)
                .contains("eval_rm/accuracy");
        assertThat(section.curves().charts().get(0).arms().get(0).seeds()).isEmpty();
        alone.write(run.resolve("report.html"));
        assertThat(run.resolve("report.html"))
                .content()
                .contains("What was measured")
                .doesNotContain("Verdict");
    }

    @Test
    void aComparisonThatHasNotFinishedSaysSo() throws IOException {
        Path folder = SyntheticRuns.comparison(temp.resolve("partial"));
        Files.delete(folder.resolve("seed-3/save/policy"));
        Files.delete(folder.resolve("seed-3/save/metrics.jsonl"));
        ReportPage partial = ReportPage.read(folder, List.of());
        assertThat(partial.sections().get(0).missing()).isEqualTo(1);
        assertThat(partial.html()).contains("1 of its runs");
        assertThat(partial.sections()
                        .get(0)
                        .forest()
                        .get(0)
                        .panels()
                        .get(0)
                        .rows()
                        .get(0)
                        .seeds())
                .hasSize(7);
    }

    @Test
    void foldersOfAnotherKindAreNamed() throws IOException {
        Path empty = Files.createDirectories(temp.resolve("empty"));
        assertThatThrownBy(() -> ReportPage.read(empty, List.of()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("holds neither a run");
        Path comparison = temp.resolve("comparison");
        assertThatThrownBy(() -> ReportPage.read(comparison, List.of(empty)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has no summary.json");
        Files.writeString(empty.resolve("summary.json"), "{}");
        assertThatThrownBy(() -> ReportPage.read(comparison, List.of(empty)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("neither results of eval-rm");
    }
}

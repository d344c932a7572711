package dev.flipside.cli.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.cli.Captured;
import dev.flipside.cli.console.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingConsoleTest {
    private static final Map<String, Double> STEP = Map.of(
            "step_time",
            1.5,
            "reward",
            0.25,
            "entropy",
            2.0,
            "save/kept_frac",
            0.5,
            "save/rank_corr",
            0.875,
            "completions/mean_length",
            12.5);

    private final Captured captured = new Captured();

    private TrainingConsole console(int columns, int loggingSteps) {
        Console console = new Console(captured.streams(columns), false, false);
        return new TrainingConsole(console, metrics -> StepFigures.training(metrics, false), loggingSteps);
    }

    /** A run of 20 steps that was resumed after the tenth. */
    private static void resume(TrainingConsole console) {
        console.phase("training", 20);
        console.progress(10);
        for (int step = 11; step <= 13; step++) {
            console.activity("rm_update", step);
            console.step(step, STEP);
            console.progress(step);
        }
        console.close();
    }

    private String text() {
        assertThat(captured.out()).isEmpty();
        return captured.err();
    }

    @Test
    void aLogFileGetsALineForEachLoggedStepAndNothingElse() {
        TrainingConsole console = console(0, 2);
        resume(console);

        assertThat(text())
                .matches(
                        "step 12/20  reward 0.250  entropy 2.000  kept 0.500  rank corr 0.875  length 12.500  \\(1.5 s, 0:00 left\\)\n");
        assertThat(console.steps()).isEqualTo(3);
    }

    @Test
    void aTerminalAlsoGetsABarThatBeginsWhereTheRunDoes() {
        resume(console(100, 1));

        assertThat(text())
                .contains("step 11/20  reward")
                .contains("step 13/20  reward")
                .contains("13/20 steps");
    }

    @Test
    void measurementsBeforeTheFirstStepAreShown() {
        TrainingConsole console = console(0, 1);
        console.phase("training", 20);
        console.step(0, Map.of("eval_rm/accuracy", 0.75, "save/warmup_r2", 0.5));

        assertThat(text()).isEqualTo("before step 1  held-out accuracy 0.750  value head R2 0.500\n");
    }

    @Test
    void aStopSignalIsAnsweredAtOnce() {
        TrainingConsole console = console(0, 1);
        console.phase("training", 20);
        console.progress(4);
        console.stopping("SIGINT", "writing a checkpoint");

        assertThat(text()).startsWith("SIGINT: finishing step 5, then writing a checkpoint; a second signal");
    }

    @Test
    void aFigureThatWasMeasuredOnceHasNoLastValue(@TempDir Path run) throws IOException {
        Files.writeString(
                run.resolve("metrics.jsonl"),
                """
                {"step":0,"eval_reward":0.5}
                {"step":1,"reward":1.0,"save/kept_frac":null,"policy/weight_change":0.25}
                {"step":2,"reward":3.0,"save/kept_frac":0.5}
                """);

        assertThat(TrainingReport.ofTraining(run).object())
                .isEqualTo(Map.of(
                        "eval_reward", Map.of("first", 0.5),
                        "reward", Map.of("first", 1.0, "last", 3.0, "mean", 2.0),
                        "save/kept_frac", Map.of("mean", 0.5),
                        "policy/weight_change", Map.of("last", 0.25)));
    }
}

package dev.flipside.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.cli.Captured;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConsoleTest {
    private final Captured captured = new Captured();

    @Test
    void numbersStandToTheRightUnderTheirNames() {
        Table table = new Table(List.of("arm", "gold"), List.of(List.of("frozen", "0.5"), List.of("save", "-10.25")));

        assertThat(table.render()).isEqualTo("arm       gold\nfrozen     0.5\nsave    -10.25\n");
    }

    @Test
    void progressGoesToStandardErrorAndResultsToStandardOutput() {
        Console console = console(false, false, 0);
        try (Progress progress = console.progress("score", 3, "rows")) {
            progress.at(3, "");
        }
        console.result(() -> "text\n", Map.of());

        assertThat(captured.out()).isEqualTo("text\n");
        assertThat(captured.err()).startsWith("score: 3 rows\nscore: 3/3 rows in ");
    }

    @Test
    void quietLeavesOnlyResultsAndWarnings() {
        Console console = console(true, true, 80);
        try (Progress progress = console.progress("score", 3, "rows")) {
            progress.at(3, "");
        }
        console.info("information");
        console.warn("careful");
        console.result(() -> "text", Map.of("a", 1));

        assertThat(captured.out()).isEqualTo("{\"a\":1}\n");
        assertThat(captured.err())
                .contains("warning: careful")
                .doesNotContain("information")
                .doesNotContain("score");
    }

    @Test
    void aTerminalGetsABarWithinItsWidth() {
        Console console = console(false, false, 60);
        try (Progress progress = console.progress("score", 3, "rows")) {
            progress.at(3, "reward 1.25");
        }

        assertThat(captured.err()).contains("\r").contains("3/3").contains("100%");
        assertThat(captured.err().replace("\033[K", "").split("[\r\n]+"))
                .allSatisfy(line -> assertThat(line.length()).isLessThan(60));
    }

    private Console console(boolean json, boolean quiet, int columns) {
        return new Console(captured.streams(columns), json, quiet);
    }
}

package dev.flipside.cli.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.cli.Captured;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.Main;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DashboardCommandTest {
    @TempDir
    Path folder;

    @Test
    void printsItsAddressAndServesUntilItIsEnded() throws IOException, InterruptedException {
        RunFiles.steps(RunFiles.begin(folder.resolve("run"), 3, 1e-6), 0, 3);
        Captured captured = new Captured();
        Thread command = new Thread(
                () -> Main.run(captured.streams(0), "dashboard", folder.toString(), "--port", "0", "--json"));
        command.start();
        try {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (!captured.out().endsWith("\n")) {
                assertThat(System.nanoTime()).as(captured.err()).isLessThan(end);
                Thread.sleep(20);
            }
            JsonNode result = new ObjectMapper().readTree(captured.out());
            assertThat(result.path("folder").asText()).isEqualTo(folder.toString());
            URI address = URI.create(result.path("dashboard").asText());
            assertThat(address.getHost()).isEqualTo("127.0.0.1");
            assertThat(address.getFragment()).matches("token=[\\w-]{32}");
            HttpURLConnection page =
                    (HttpURLConnection) address.resolve("/api/runs").toURL().openConnection();
            assertThat(page.getResponseCode()).isEqualTo(200);
        } finally {
            command.interrupt();
            command.join(TimeUnit.SECONDS.toMillis(10));
        }
        assertThat(command.isAlive()).isFalse();
    }

    @Test
    void wrongOptionsAreToldInASentence() {
        CommandRun missing =
                CommandRun.of("dashboard", folder.resolve("missing").toString());
        assertThat(missing.exitCode()).isEqualTo(2);
        assertThat(missing.err()).contains("missing is no folder").hasLineCount(1);
        CommandRun open = CommandRun.of("dashboard", folder.toString(), "--host", "0.0.0.0");
        assertThat(open.exitCode()).isEqualTo(2);
        assertThat(open.err()).contains("needs a token").hasLineCount(1);
        CommandRun port = CommandRun.of("dashboard", folder.toString(), "--port", "70000");
        assertThat(port.exitCode()).isEqualTo(2);
        assertThat(port.err()).contains("from 0 to 65535").hasLineCount(1);
    }

    /** The word behind a bare {@code --dashboard} is the configuration, not a port. */
    @Test
    void aPortOfTrainStandsBehindAnEqualsSign() {
        String file = folder.resolve("save.yaml").toString();
        assertThat(CommandRun.of("train", "--dashboard", file).err())
                .contains(file)
                .doesNotContain("whole number");
        assertThat(CommandRun.of("train", file, "--dashboard").err()).contains(file);
        assertThat(CommandRun.of("train", file, "--dashboard=8000").err()).contains(file);
        assertThat(CommandRun.of("train", file, "--dashboard=70000").err()).contains("from 0 to 65535");
        assertThat(CommandRun.of("train", file, "--dashboard=high").err()).contains("is not a whole number");
    }
}

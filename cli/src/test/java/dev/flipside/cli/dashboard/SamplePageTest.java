package dev.flipside.cli.dashboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SamplePageTest {
    @TempDir
    Path folder;

    private SamplePage page(String query, String before) {
        Map<String, List<String>> values = Query.of(Optional.of(query));
        return SamplePage.read(folder, SampleFilter.of(values), before);
    }

    @Test
    void pagesLeadFromTheNewestToTheOldestThroughAllFiles() throws IOException {
        RunFiles.samples(folder, 1, 20);
        Files.move(folder.resolve("samples.jsonl"), folder.resolve("kept"));
        RunFiles.samples(folder, 21, 30);
        Files.move(folder.resolve("samples.jsonl"), folder.resolve("samples-2.jsonl"));
        Files.move(folder.resolve("kept"), folder.resolve("samples.jsonl"));

        List<Long> steps = new ArrayList<>();
        int pages = 0;
        SamplePage page = page("", "");
        for (; ; page = page("", page.next())) {
            pages++;
            page.samples().forEach(s -> steps.add(s.step()));
            if (page.next().isEmpty()) {
                break;
            }
        }
        assertThat(pages).isEqualTo(4);
        assertThat(steps).hasSize(120).startsWith(30L, 30L, 30L, 30L, 29L).endsWith(1L);
    }

    @Test
    void filtersByLabelStepAndText() throws IOException {
        RunFiles.samples(folder, 1, 12);
        assertThat(page("label=positive&step=7", "").samples()).singleElement().satisfies(s -> {
            assertThat(s.completion()).startsWith("Step 7 sample 3");
            assertThat(s.advantage()).isEqualTo(0.35);
            assertThat(s.anchor()).isEqualTo(0.4);
        });
        assertThat(page("label=unused", "").samples()).hasSize(12).allMatch(s -> s.label()
                .equals("unused"));
        assertThat(page("text=STEP+11+SAMPLE+0", "").samples()).hasSize(1);
        assertThat(page("trains=policy", "").samples()).isEmpty();
    }

    @Test
    void aLineThatIsBeingWrittenWaits() throws IOException {
        RunFiles.samples(folder, 1, 1);
        Files.writeString(folder.resolve("samples.jsonl"), "{\"step\": 2, \"tr", StandardOpenOption.APPEND);
        assertThat(page("", "").samples()).hasSize(4);
    }

    @Test
    void anotherFileThanTheSamplesIsNoPlace() throws IOException {
        RunFiles.samples(folder, 1, 1);
        assertThatThrownBy(() -> page("", "../../etc/passwd:10"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("no place in the samples");
        assertThatThrownBy(() -> page("label=good", "")).hasMessageContaining("label is none of positive");
    }
}

package dev.flipside.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurableTest {
    @TempDir
    Path parent;

    private void replace(String text) throws IOException {
        Durable.replaceFolder(parent.resolve("model"), aside -> {
            assertThat(aside).isEmptyDirectory();
            put(aside.resolve("config.json"), text);
        });
    }

    private static void put(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aFolderIsReplacedAsAWhole() throws IOException {
        replace("one");
        replace("two");
        assertThat(parent.resolve("model/config.json")).hasContent("two");
        assertThat(names()).containsExactly("model");
    }

    @Test
    void whatAKilledWriterLeftIsForgotten() throws IOException {
        for (String left : new String[] {".model.new", ".model.old"}) {
            Files.createDirectories(parent.resolve(left).resolve("part"));
            Files.writeString(parent.resolve(left).resolve("part/weights"), "half");
        }
        replace("one");
        assertThat(names()).containsExactly("model");
    }

    /** Half a model would take the very space that was missing. */
    @Test
    void aWriterThatFailsLeavesTheOldFolderAndNothingElse() throws IOException {
        replace("one");
        assertThatThrownBy(() -> Durable.replaceFolder(parent.resolve("model"), aside -> {
                    put(aside.resolve("weights"), "half");
                    throw new UserError("No space left on device");
                }))
                .isInstanceOf(UserError.class);
        assertThat(parent.resolve("model/config.json")).hasContent("one");
        assertThat(names()).containsExactly("model");
    }

    @Test
    void roomIsAskedForBeforeSomethingIsWritten() {
        DiskSpace small = new DiskSpace(place -> 50_000_000);
        assertThat(small.missing(parent, 30_000_000)).isEmpty();
        assertThat(small.missing(parent, 45_000_000))
                .hasValue("it takes 53.4 MB, and the disk of " + parent + " has 50.0 MB free");
        assertThat(DiskSpace.OF_THE_FILE_SYSTEM.missing(parent.resolve("not/there/yet"), 1))
                .isEmpty();
        assertThat(DiskSpace.OF_THE_FILE_SYSTEM.missing(parent, Long.MAX_VALUE - 1))
                .isPresent();
    }

    private Stream<String> names() throws IOException {
        try (Stream<Path> paths = Files.list(parent)) {
            return paths.map(p -> p.getFileName().toString()).toList().stream();
        }
    }
}

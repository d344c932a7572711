package dev.flipside.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;

/** docs/licences.md names every library that brings native code, whose licence no record of Maven's tells. */
class NativeLicencesTest {
    private static final Pattern NATIVE = Pattern.compile("\\.so([._].*)?$|\\.so_");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([^`]+)` \\|[^|]+\\|[^|]+\\|$");

    /** The artifact of .../ARTIFACT/VERSION/FILE.jar. */
    private static String artifact(String jar) {
        return Path.of(jar).getParent().getParent().getFileName().toString();
    }

    @Test
    void everyLibraryWithBinariesHasItsLicence() throws IOException {
        Set<String> listed = new TreeSet<>();
        Matcher rows = ROW.matcher(Files.readString(Path.of("../docs/licences.md")));
        while (rows.find()) {
            listed.add(rows.group(1));
        }
        Set<String> found = new TreeSet<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            // Selenium's own is of the tests.
            if (entry.endsWith(".jar") && !entry.contains("selenium")) {
                try (ZipFile jar = new ZipFile(entry)) {
                    if (jar.stream()
                            .anyMatch(file -> NATIVE.matcher(file.getName()).find())) {
                        found.add(artifact(entry));
                    }
                }
            }
        }
        // Built without MKL, its binaries are not there.
        found.add("mkl");
        assertThat(found).isEqualTo(listed);
    }
}

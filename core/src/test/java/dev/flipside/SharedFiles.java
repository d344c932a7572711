package dev.flipside;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/**
 * Real models, data and conformance numbers kept beside a developer's checkout; a test that needs them is skipped where
 * they are missing.
 */
public final class SharedFiles {
    private SharedFiles() {}

    /**
     * The file or folder below {@code ../shared}, seen from the project's root; skips the calling test when it is not
     * there.
     */
    public static Path require(String relative) {
        Optional<Path> found = find(relative);
        Assumptions.assumeTrue(
                found.isPresent(),
                () -> "skipped: shared/" + relative
                        + " is not beside the project (set FLIPSIDE_SHARED to its folder to run this test)");
        return found.orElseThrow();
    }

    private static Optional<Path> find(String relative) {
        String configured = System.getenv("FLIPSIDE_SHARED");
        if (configured != null) {
            return Optional.of(Path.of(configured, relative)).filter(Files::exists);
        }
        // Surefire runs in the module's folder: the project's root is its parent, and shared/ stands beside the
        // project.
        Path module = Path.of("").toAbsolutePath();
        for (Path folder = module; folder != null; folder = folder.getParent()) {
            Path candidate = folder.resolve("shared").resolve(relative);
            if (Files.exists(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }
}

package dev.flipside.train;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Replaces a folder as a whole: written aside, then renamed, so that nobody ever reads half of one. */
final class AtomicFolder {
    private AtomicFolder() {}

    static void write(Path folder, Consumer<Path> writer) {
        Path aside = folder.resolveSibling("." + folder.getFileName() + ".new");
        Path old = folder.resolveSibling("." + folder.getFileName() + ".old");
        try {
            delete(aside);
            delete(old);
            Files.createDirectories(aside);
            writer.accept(aside);
            if (Files.exists(folder)) {
                Files.move(folder, old);
            }
            Files.move(aside, folder);
            delete(old);
        } catch (IOException e) {
            throw new UserError(
                    folder + " could not be written: " + e + "; free some space or choose another folder.", e);
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> deepestFirst;
        try (Stream<Path> paths = Files.walk(folder)) {
            deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : deepestFirst) {
            Files.delete(path);
        }
    }
}

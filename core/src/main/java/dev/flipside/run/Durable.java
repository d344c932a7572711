package dev.flipside.run;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** File operations whose result survives a power cut once they return. */
public final class Durable {
    private Durable() {}

    /** Replaces {@code file} so that a reader sees the old text or the new one, never a part of it. */
    public static void write(Path file, String text) throws IOException {
        Path aside = file.resolveSibling("." + file.getFileName() + ".tmp");
        Files.writeString(aside, text, StandardCharsets.UTF_8);
        sync(aside);
        rename(aside, file);
    }

    /** Renames within one folder and makes the rename itself durable. */
    public static void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        sync(to.toAbsolutePath().getParent());
    }

    /** Flushes a file's content, or a folder's list of names, to the disk. */
    public static void sync(Path path) throws IOException {
        StandardOpenOption access = Files.isDirectory(path) ? StandardOpenOption.READ : StandardOpenOption.WRITE;
        try (FileChannel channel = FileChannel.open(path, access)) {
            channel.force(true);
        }
    }

    /** Flushes everything below {@code folder}, and the folder. */
    static void syncTree(Path folder) throws IOException {
        for (Path path : deepestFirst(folder)) {
            sync(path);
        }
    }

    static void deleteTree(Path folder) throws IOException {
        for (Path path : deepestFirst(folder)) {
            Files.delete(path);
        }
    }

    /** The sentence for an operation that the file system refused. */
    public static UserError refused(String operation, Path path, IOException cause) {
        return new UserError(
                "Could not " + operation + " " + path + " (" + cause
                        + "); check the free space and the permissions there.",
                cause);
    }

    private static List<Path> deepestFirst(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            List<Path> all = new ArrayList<>(paths.toList());
            all.sort(Comparator.comparingInt(Path::getNameCount).reversed());
            return all;
        }
    }
}

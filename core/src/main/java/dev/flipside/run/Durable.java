package dev.flipside.run;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** File operations whose result survives a power cut once they return. */
public final class Durable {
    private Durable() {}

    /** Replaces {@code file} so that a reader sees the old text or the new one, never a part of it. */
    public static void write(Path file, String text) throws IOException {
        write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    /** The same of bytes. */
    public static void write(Path file, byte[] bytes) throws IOException {
        writePart(file, bytes);
        sync(file.toAbsolutePath().getParent());
    }

    /** The same in a folder that is flushed as a whole when all its files are there. */
    public static void writePart(Path file, byte[] bytes) throws IOException {
        Path aside = file.resolveSibling("." + file.getFileName() + ".tmp");
        Files.write(aside, bytes);
        sync(aside);
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /**
     * Replaces a folder as a whole: written aside, flushed with everything in it, then renamed, so that nobody ever
     * reads half of one.
     *
     * @param writer fills the folder that it is given, which is empty
     */
    public static void replaceFolder(Path folder, Consumer<Path> writer) throws IOException {
        Path aside = folder.resolveSibling("." + folder.getFileName() + ".new");
        Path old = folder.resolveSibling("." + folder.getFileName() + ".old");
        deleteTree(aside);
        deleteTree(old);
        Files.createDirectories(aside);
        try {
            writer.accept(aside);
            syncTree(aside);
            if (Files.exists(folder)) {
                rename(folder, old);
            }
            rename(aside, folder);
        } catch (IOException | RuntimeException e) {
            forget(aside, e);
            throw e;
        }
        deleteTree(old);
    }

    /** What was written in vain would only take the space that may have been missing. */
    private static void forget(Path aside, Exception why) {
        try {
            deleteTree(aside);
        } catch (IOException e) {
            why.addSuppressed(e);
        }
    }

    /** Renames within one folder, over a file that is there, and makes the rename itself durable. */
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
    public static void syncTree(Path folder) throws IOException {
        for (Path path : deepestFirst(folder)) {
            sync(path);
        }
    }

    /** Deletes a folder or a file with everything in it; nothing where there is none. */
    public static void deleteTree(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
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

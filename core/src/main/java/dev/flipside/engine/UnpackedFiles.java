package dev.flipside.engine;

import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.jar.JarEntry;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Native libraries that others unpacked from jars, once per machine, and never look at again: loading a file that an
 * interrupted start, a full disk or anything else has left damaged would crash the Java machine.
 *
 * <p>{@link #open} compares each with its jar, byte by byte through its CRC-32, and deletes what differs, so that it is
 * unpacked again. What was found whole is noted by size, times and inode, so that later starts only look at those:
 * nobody changes a file without changing its ctime.
 */
public final class UnpackedFiles {
    private static final Logger LOG = LoggerFactory.getLogger(UnpackedFiles.class);

    private static final String NOTES = ".flipside-whole";

    /** JavaCPP holds a lock on this file while it unpacks. */
    private static final String LOCK = ".lock";

    private static final int BUFFER = 1 << 20;

    private final Path folder;
    private final Map<String, String> noted;

    private UnpackedFiles(Path folder, Map<String, String> noted) {
        this.folder = folder;
        this.noted = noted;
    }

    /** A file's place in a jar. */
    private record Original(String jar, long size, long crc) {}

    /**
     * Deletes every file below {@code folder} that is not what its jar holds. Call it before the files are loaded, and
     * {@link #note} after.
     *
     * @param folder of this process's cache; nothing happens where it is not there or cannot be written
     * @param origin where a file came from, by its name below {@code folder} with slashes; files without an origin
     *     stay, except beside others that have one
     * @throws IOException when the folder cannot be read
     */
    public static UnpackedFiles open(Path folder, Function<String, Optional<URL>> origin) throws IOException {
        if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
            // Whoever cannot write here cannot mend it, and who can has a start of his own.
            return new UnpackedFiles(folder, Map.of());
        }
        UnpackedFiles files = new UnpackedFiles(folder, read(folder.resolve(NOTES)));
        if (!files.noted.equals(files.present())) {
            try (FileChannel lock = FileChannel.open(
                            folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    var held = lock.lock()) {
                assert held.isValid();
                files.deleteDamaged(origin);
            }
        }
        return files;
    }

    /** Notes all files as whole: they were found so, or unpacked since by this process. */
    public void note() throws IOException {
        if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
            return;
        }
        Map<String, String> present = present();
        if (!present.equals(noted)) {
            // Not a temporary file, which others who share the folder could not read.
            Path aside = folder.resolve(NOTES + "." + ProcessHandle.current().pid());
            Files.write(
                    aside,
                    present.entrySet().stream()
                            .map(file -> file.getValue() + " " + file.getKey())
                            .toList());
            Files.move(aside, folder.resolve(NOTES), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private void deleteDamaged(Function<String, Optional<URL>> origin) throws IOException {
        Map<String, String> present = present();
        Map<String, Original> originals = new TreeMap<>();
        for (String name : present.keySet()) {
            Optional<URL> url = origin.apply(name);
            if (url.isPresent() && url.get().openConnection() instanceof JarURLConnection jar) {
                JarEntry entry = jar.getJarEntry();
                originals.put(name, new Original(folderOf(name), entry.getSize(), entry.getCrc()));
            }
        }
        Set<String> ours =
                originals.values().stream().map(Original::jar).collect(Collectors.toCollection(HashSet::new));
        for (Map.Entry<String, String> file : present.entrySet()) {
            String name = file.getKey();
            if (file.getValue().equals(noted.get(name)) || !ours.contains(folderOf(name))) {
                continue;
            }
            Original original = originals.get(name);
            // A copy under another name has nothing to compare with; it is made again in no time.
            if (original == null || !isWhole(folder.resolve(name), original)) {
                LOG.debug("unpacked again: {}", name);
                Files.deleteIfExists(folder.resolve(name));
            }
        }
    }

    private static boolean isWhole(Path file, Original original) throws IOException {
        if (Files.size(file) != original.size()) {
            return false;
        }
        CRC32 crc = new CRC32();
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
        try (FileChannel channel = FileChannel.open(file)) {
            while (channel.read(buffer) >= 0) {
                crc.update(buffer.flip());
                buffer.clear();
            }
        }
        return crc.getValue() == original.crc();
    }

    /** The first folder of a name, empty without one. */
    private static String folderOf(String name) {
        return name.substring(0, Math.max(0, name.indexOf('/')));
    }

    /**
     * Regular files below the folder, by name, with what changes when they do. Links are followed by nobody here: what
     * they point to is there itself.
     */
    private Map<String, String> present() throws IOException {
        Map<String, String> present = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                String name = folder.relativize(path).toString();
                if (!name.startsWith(".") && Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                    Map<String, Object> facts = Files.readAttributes(
                            path, "unix:size,lastModifiedTime,ctime,ino", LinkOption.NOFOLLOW_LINKS);
                    present.put(
                            name,
                            Stream.of("size", "lastModifiedTime", "ctime", "ino")
                                    .map(fact -> facts.get(fact).toString())
                                    .collect(Collectors.joining(" ")));
                }
            }
        }
        return present;
    }

    private static Map<String, String> read(Path notes) throws IOException {
        Map<String, String> noted = new TreeMap<>();
        if (Files.exists(notes)) {
            for (String line : Files.readAllLines(notes)) {
                String[] parts = line.split(" ", 5);
                if (parts.length == 5) {
                    noted.put(parts[4], String.join(" ", parts[0], parts[1], parts[2], parts[3]));
                }
            }
        }
        return noted;
    }
}

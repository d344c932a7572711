package dev.flipside.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.io.OutputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnpackedFilesTest {
    private static final byte[] LIBRARY = new byte[3_000_000];

    @TempDir
    Path folder;

    private Path jar;
    private Path cache;
    private Path library;

    @BeforeEach
    void unpack() throws IOException {
        Arrays.fill(LIBRARY, (byte) 7);
        jar = folder.resolve("natives-1.jar");
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(file)) {
            entries.putNextEntry(new JarEntry("org/lib.so"));
            entries.write(LIBRARY);
        }
        cache = folder.resolve("cache");
        library = cache.resolve("natives-1.jar/org/lib.so");
        Files.createDirectories(library.getParent());
        Files.write(library, LIBRARY);
    }

    private Optional<URL> origin(String name) {
        if (!name.equals("natives-1.jar/org/lib.so")) {
            return Optional.empty();
        }
        try {
            return Optional.of(new URL("jar:" + jar.toUri() + "!/org/lib.so"));
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private void start() throws IOException {
        UnpackedFiles.open(cache, this::origin).note();
    }

    @Test
    void whatIsWholeStaysAndIsNotReadAgain() throws IOException {
        start();
        assertThat(library).hasBinaryContent(LIBRARY);

        UnpackedFiles again = UnpackedFiles.open(cache, name -> fail(name + " was looked at again"));
        again.note();
        assertThat(library).hasBinaryContent(LIBRARY);
    }

    @Test
    void aTruncatedFileIsDeleted() throws IOException {
        Files.write(library, Arrays.copyOf(LIBRARY, 1000));
        start();
        assertThat(library).doesNotExist();
    }

    @Test
    void aFileChangedUnderItsSizeAndTimeIsDeleted() throws IOException {
        start();
        FileTime time = Files.getLastModifiedTime(library);
        byte[] changed = LIBRARY.clone();
        changed[2_000_000] ^= 1;
        Files.write(library, changed);
        Files.setLastModifiedTime(library, time);

        start();
        assertThat(library).doesNotExist();
    }

    @Test
    void aCopyWithoutAnOriginGoesAndAnotherVersionStays() throws IOException {
        Path copy = Files.write(library.resolveSibling("copy.so"), LIBRARY);
        Path other = Files.createDirectories(cache.resolve("natives-0.jar/org")).resolve("lib.so");
        Files.write(other, new byte[3]);
        Files.createSymbolicLink(library.resolveSibling("lib.so.1"), library);

        start();
        assertThat(copy).doesNotExist();
        assertThat(other).exists();
        assertThat(library.resolveSibling("lib.so.1")).exists();
    }

    @Test
    void damagedNotesCountForNothing() throws IOException {
        start();
        Files.writeString(cache.resolve(".flipside-whole"), "1 2\nnonsense");
        Files.write(library, Arrays.copyOf(LIBRARY, 1000));
        start();
        assertThat(library).doesNotExist();
    }

    @Test
    void aFolderThatIsNotThereIsNotMade() throws IOException {
        UnpackedFiles.open(folder.resolve("nowhere"), this::origin).note();
        assertThat(folder.resolve("nowhere")).doesNotExist();
    }
}

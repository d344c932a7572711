package dev.flipside.text;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.util.Platform;
import ai.djl.util.Utils;
import dev.flipside.config.UserError;
import dev.flipside.engine.UnpackedFiles;
import java.io.IOException;
import java.net.URL;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The Rust library of tokenizers, which DJL unpacks to its cache once and then loads whatever is there. */
final class TokenizerLibrary {
    private static final String FLAVOR = "cpu";

    private TokenizerLibrary() {}

    /**
     * Loads it, unpacked again where the file is damaged.
     *
     * @throws UserError when that is not possible
     */
    static void load() {
        // Read by DJL when its classes load: no usage reports, no downloads, and the library in the jar also on
        // machines with a GPU.
        setIfAbsent("OPT_OUT_TRACKING", "true");
        setIfAbsent("DJL_OFFLINE", "true");
        setIfAbsent("RUST_FLAVOR", FLAVOR);
        Loaded.check();
    }

    /** Its initialisation is the loading: once, whatever the number of threads. */
    private static final class Loaded {
        private static final Optional<UserError> FAULT = fault();

        static void check() {
            FAULT.ifPresent(fault -> {
                throw new UserError(fault.getMessage(), fault);
            });
        }

        private static Optional<UserError> fault() {
            Platform platform = Platform.detectPlatform("tokenizers");
            String version = platform.getVersion() + "-" + FLAVOR + "-" + platform.getClassifier();
            Path cache = Utils.getEngineCacheDir("tokenizers");
            Path folder = cache.resolve(version);
            try {
                UnpackedFiles unpacked = UnpackedFiles.open(cache, name -> inJar(platform, version, name));
                deleteIfEmpty(folder);
                LibUtils.checkStatus();
                unpacked.note();
                return Optional.empty();
            } catch (IOException | EngineException | LinkageError e) {
                return Optional.of(new UserError(
                        "The tokenizer library could not be loaded from " + folder + " (" + SpecialTokens.firstLine(e)
                                + "); check that it can be written and has space, and delete it: the next start unpacks it again.",
                        e));
            }
        }

        private static Optional<URL> inJar(Platform platform, String version, String name) {
            return name.startsWith(version + "/")
                    ? Optional.ofNullable(LibUtils.class
                            .getClassLoader()
                            .getResource("native/lib/" + platform.getClassifier() + "/" + FLAVOR
                                    + name.substring(version.length())))
                    : Optional.empty();
        }

        /** DJL unpacks a whole folder or nothing: it would find the library missing for ever. */
        private static void deleteIfEmpty(Path folder) throws IOException {
            try {
                Files.deleteIfExists(folder);
            } catch (DirectoryNotEmptyException e) {
                // As it should be.
                return;
            }
        }
    }

    private static void setIfAbsent(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }
}

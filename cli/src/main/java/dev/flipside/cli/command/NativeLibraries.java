package dev.flipside.cli.command;

import dev.flipside.cli.console.Console;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.model.ModelFiles;
import java.nio.file.Path;

/** Loads libtorch for a command that computes; help and errors of the command line do without. */
public final class NativeLibraries {
    private NativeLibraries() {}

    /** After a look at the model's directory: a wrong path is told without them. */
    public static void load(Console console, Path model) {
        ModelFiles.open(model);
        load(console);
    }

    /** Says so where that means unpacking them first, which takes a while. */
    public static void load(Console console) {
        if (!NativeLibrary.unpacked()) {
            String size = NativeLibrary.foreign() ? "0.1 GB" : "1.0 GB";
            console.info("unpacking native libraries, once: " + size + " to " + NativeLibrary.cacheFolder());
        }
        NativeLibrary.load();
    }
}

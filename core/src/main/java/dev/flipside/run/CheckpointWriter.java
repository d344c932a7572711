package dev.flipside.run;

import java.io.IOException;
import java.nio.file.Path;

/** Writes a checkpoint's content. */
@FunctionalInterface
public interface CheckpointWriter {
    /** Writes any files and folders below {@code folder}, which is empty; they need not be flushed. */
    void write(Path folder) throws IOException;
}

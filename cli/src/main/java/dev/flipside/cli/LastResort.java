package dev.flipside.cli;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.util.Optional;

/** What is said of a failure that nothing before has put into a sentence. */
final class LastResort {
    private LastResort() {}

    /** A sentence for an error of the Java machine, with the exit code of a failed run. */
    static int report(Error failure, PrintWriter err) {
        err.println("flipside failed: " + sentence(failure));
        err.flush();
        return 1;
    }

    /** What a path that the operating system cannot have is told as. */
    static Optional<String> wrongInput(Exception failure) {
        return failure instanceof InvalidPathException path
                ? Optional.of("'" + path.getInput().replaceAll("\\p{Cntrl}", "?") + "' cannot be a path ("
                        + path.getReason() + "): correct it.")
                : Optional.empty();
    }

    private static String sentence(Error failure) {
        String what = String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
        if (failure instanceof OutOfMemoryError) {
            return "there is not enough memory (" + what
                    + "): give Java more with FLIPSIDE_JAVA_OPTS=-Xmx8g, or lower the batch sizes and lengths.";
        } else if (failure instanceof StackOverflowError) {
            return "something in the input is nested too deeply: make it flatter.";
        } else if (failure instanceof LinkageError) {
            return "a library cannot be loaded (" + failure.getClass().getSimpleName() + ": " + what
                    + "): `flipside doctor` shows which there are; a damaged copy under ~/.javacpp or ~/.djl.ai is made again once it is deleted.";
        }
        return failure.getClass().getSimpleName() + ": " + what + "; this is a fault of Flipside, please report it.";
    }
}

package dev.flipside.config;

import com.fasterxml.jackson.core.JacksonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Locale;
import java.util.Optional;

/** Why a file could not be read or written, in words: Java's exceptions often say it by their class alone. */
public final class IoReason {
    private IoReason() {}

    /** Half a sentence without the file's name, such as {@code permission denied}. */
    public static String of(Exception e) {
        if (e instanceof UncheckedIOException unchecked) {
            return of(unchecked.getCause());
        }
        if (e instanceof JacksonException json) {
            return JsonReason.of(json);
        }
        if (e instanceof NoSuchFileException) {
            return "no such file or folder";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof FileAlreadyExistsException) {
            return "something of that name is in the way";
        }
        if (e instanceof NotDirectoryException) {
            return "not a folder";
        }
        if (e instanceof DirectoryNotEmptyException) {
            return "the folder is not empty";
        }
        if (e instanceof CharacterCodingException) {
            return "not UTF-8 text";
        }
        if (e instanceof EOFException) {
            return "it ends too early";
        }
        if (e instanceof FileSystemException system && system.getReason() != null) {
            return decapitalised(system.getReason());
        }
        return Optional.ofNullable(e.getMessage())
                .map(message -> message.lines().findFirst().orElse(""))
                .filter(line -> !line.isBlank())
                .orElse(
                        e instanceof IOException
                                ? "input or output failed"
                                : e.getClass().getSimpleName());
    }

    /** The system's own words, within a sentence. */
    private static String decapitalised(String reason) {
        return reason.substring(0, 1).toLowerCase(Locale.ROOT) + reason.substring(1);
    }
}

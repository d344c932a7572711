package dev.flipside.cli;

import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The words of the command line as they were typed. Java decodes them before any of our code runs, in the locale's
 * character set, and says nothing of what it loses.
 */
final class Arguments {
    private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

    private Arguments() {}

    /**
     * Compares words with letters beyond ASCII with their bytes, where the system shows them.
     *
     * @throws UserError when one is not what was typed
     */
    static void requireWhole(String... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            String argument = arguments[i];
            if (!argument.chars().allMatch(letter -> letter < 128)) {
                typed(arguments.length - i).ifPresent(bytes -> requireWhole(bytes, argument));
            }
        }
    }

    private static void requireWhole(byte[] typed, String read) {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(typed))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new UserError(
                    "the argument '" + new String(typed, StandardCharsets.UTF_8)
                            + "' is not UTF-8 text; type it in a UTF-8 terminal, or rename the file that it names.",
                    e);
        }
        if (!text.equals(read)) {
            throw new UserError("the argument '" + text + "' cannot be read in this locale, whose character set is "
                    + System.getProperty("sun.jnu.encoding")
                    + "; set LC_ALL to a UTF-8 locale that `locale -a` lists, such as C.UTF-8, or install one.");
        }
    }

    /** The bytes of a word, counted from the last. */
    private static Optional<byte[]> typed(int fromEnd) {
        byte[] all;
        try {
            all = Files.readAllBytes(COMMAND_LINE);
        } catch (IOException e) {
            // Not a system that shows them.
            return Optional.empty();
        }
        List<byte[]> words = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < all.length; i++) {
            if (all[i] == 0) {
                words.add(Arrays.copyOfRange(all, start, i));
                start = i + 1;
            }
        }
        return fromEnd > words.size() ? Optional.empty() : Optional.of(words.get(words.size() - fromEnd));
    }
}

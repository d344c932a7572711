package dev.flipside.eval.dataset;

import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Texts by 64 bits of their SHA-256, so that what a file of any size holds can be compared without being kept: two of a
 * million differ with a chance of 3e-8 unseen.
 */
final class Fingerprint {
    private static final Pattern NO_WORD = Pattern.compile("[^\\p{L}\\p{M}\\p{N}]+");

    private Fingerprint() {}

    static long of(List<String> texts) {
        MessageDigest digest = sha256();
        for (String text : texts) {
            digest.update(text.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0xFF); // in no UTF-8 text
        }
        byte[] hash = digest.digest();
        long value = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            value = value << 8 | hash[i] & 0xFF;
        }
        return value;
    }

    /** A conversation's roles and contents. */
    static List<String> parts(Conversation conversation) {
        return conversation.messages().stream()
                .flatMap(message -> List.of(message.role(), message.content()).stream())
                .toList();
    }

    /** What people asked, without system prompts and replies. */
    static String asked(Conversation conversation) {
        return conversation.messages().stream()
                .filter(message -> message.role().equals(Message.USER))
                .map(Message::content)
                .collect(Collectors.joining("\n"));
    }

    /** Letters and digits in lower case, everything else one space; a text without any stays as it is. */
    static String normalised(String text) {
        String words =
                NO_WORD.matcher(text.toLowerCase(Locale.ROOT)).replaceAll(" ").strip();
        return words.isEmpty() ? text.strip() : words;
    }

    static List<String> normalised(List<String> texts) {
        return texts.stream().map(Fingerprint::normalised).toList();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}

package dev.flipside.eval.benchmark;

import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Names a prompt by its content, so that rows with the same prompt are resampled together and kept scores hold no text.
 */
final class PromptKey {
    private static final int DIGITS = 16;

    private PromptKey() {}

    static String of(Conversation prompt) {
        MessageDigest digest = sha256();
        for (Message message : prompt.messages()) {
            for (String part : new String[] {message.role(), message.content()}) {
                digest.update(part.getBytes(StandardCharsets.UTF_8));
                digest.update((byte) 0);
            }
        }
        return HexFormat.of().formatHex(digest.digest()).substring(0, DIGITS);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}

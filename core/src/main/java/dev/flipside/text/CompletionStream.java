package dev.flipside.text;

import java.util.Arrays;

/**
 * The text of a completion whose tokens come one by one, character by character: a token may hold a part of a character
 * only, which is then told with the token that completes it.
 */
public final class CompletionStream {
    /** Tokens before the completion that are decoded with it, which say whether its first word begins with a space. */
    private static final int BEFORE = 16;

    private static final char REPLACEMENT = '\uFFFD';

    private final Renderer renderer;
    private final int[] before;
    private int[] ids = new int[0];
    private String text = "";
    private int told;

    /** @param promptIds what the completion follows */
    public CompletionStream(Renderer renderer, int[] promptIds) {
        int[] end = Arrays.copyOfRange(promptIds, Math.max(0, promptIds.length - BEFORE), promptIds.length);
        this.renderer = renderer;
        // Of special tokens alone nothing is left to follow.
        this.before = renderer.completionText(new int[0], end).isBlank() ? promptIds : end;
    }

    /**
     * Adds a token.
     *
     * @return the characters that are whole now and have not been told
     */
    public String add(int id) {
        ids = Tokenizer.concat(ids, new int[] {id});
        text = renderer.completionText(before, ids);
        int whole = text.length();
        while (whole > told && text.charAt(whole - 1) == REPLACEMENT) {
            whole--;
        }
        return tell(whole);
    }

    /** What is left once no token follows: of a character that was never completed the replacement character. */
    public String rest() {
        return tell(text.length());
    }

    private String tell(int to) {
        String more = text.substring(Math.min(told, to), to);
        told = Math.max(told, to);
        return more;
    }
}

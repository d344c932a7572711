package dev.flipside.text;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.BitSet;
import java.util.Deque;

/**
 * The {@code precompiled_charsmap} of a SentencePiece normalizer: the length of a double-array trie in bytes, its units
 * of 32 bits, then the replacements, each ended by a zero byte (sentencepiece, {@code normalizer.cc}). The native
 * reader does not check an index of it, so all that it can reach is walked here first.
 */
final class Charsmap {
    private final int[] units;
    private final byte[] replacements;
    private int longest;

    private Charsmap(int[] units, byte[] replacements) {
        this.units = units;
        this.replacements = replacements;
    }

    /**
     * The bytes of its longest replacement.
     *
     * @throws IllegalArgumentException when it is not such a map
     */
    static int longestReplacement(String base64) {
        ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(base64)).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.remaining() < 8) {
            throw new IllegalArgumentException("it is empty");
        }
        int length = bytes.getInt();
        if (length < 4 || length % 4 != 0 || length > bytes.remaining()) {
            throw new IllegalArgumentException("its trie is longer than the whole");
        }
        int[] units = new int[length / 4];
        for (int i = 0; i < units.length; i++) {
            units[i] = bytes.getInt();
        }
        byte[] replacements = new byte[bytes.remaining()];
        bytes.get(replacements);
        requireUtf8(replacements);
        Charsmap map = new Charsmap(units, replacements);
        map.walk();
        return map.longest;
    }

    private static void requireUtf8(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("its replacements are not UTF-8", e);
        }
    }

    private void walk() {
        BitSet seen = new BitSet(units.length);
        Deque<Integer> open = new ArrayDeque<>();
        open.push(offset(units[0]));
        while (!open.isEmpty()) {
            int node = open.pop();
            if (node >= 0 && node < units.length && seen.get(node)) {
                continue;
            }
            for (int label = 1; label < 256; label++) {
                int child = node ^ label;
                int unit = unit(child);
                if ((unit & 0x800000FF) == label) {
                    int next = child ^ offset(unit);
                    if ((unit >>> 8 & 1) == 1) {
                        replacement(unit(next) & Integer.MAX_VALUE);
                    }
                    open.push(next);
                }
            }
            seen.set(node);
        }
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6);
    }

    private int unit(int index) {
        if (index < 0 || index >= units.length) {
            throw new IllegalArgumentException("its trie leads out of it");
        }
        return units[index];
    }

    private void replacement(int start) {
        if (start > replacements.length || start < replacements.length && (replacements[start] & 0xC0) == 0x80) {
            throw new IllegalArgumentException("a replacement begins where there is none");
        }
        int end = start;
        while (end < replacements.length && replacements[end] != 0) {
            end++;
        }
        longest = Math.max(longest, end - start);
    }
}

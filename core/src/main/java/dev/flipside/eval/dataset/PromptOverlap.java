package dev.flipside.eval.dataset;

import dev.flipside.text.Conversation;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which prompts of a data set are also a benchmark's. Compared is what the user's messages say, without case,
 * punctuation and white space: whole ("the same"), and by sequences of 13 words that both have, the longest that
 * GPT-3's contamination study used (Brown et al., arXiv 2005.14165, appendix C: N-grams of 8 to 13 words). A prompt of
 * fewer than 13 words is compared whole only; languages that put no spaces between words have few such sequences.
 */
public final class PromptOverlap {
    static final int WORDS = 13;

    private static final int SHOWN = 5;
    /** Odd, so that no word's bits are lost when the hash of a sequence is multiplied by it. */
    private static final long FACTOR = 0x9E3779B97F4A7C15L;

    private final String benchmark;
    private final int size;
    private final Map<Long, List<Integer>> whole = new HashMap<>();
    private final Map<Long, List<Integer>> sequences = new HashMap<>();
    private final BitSet sameThere = new BitSet();
    private final BitSet sharedThere = new BitSet();
    private final List<String> examples = new ArrayList<>();
    private int same;
    private int shared;

    /** @param prompts the benchmark's */
    public PromptOverlap(String benchmark, List<Conversation> prompts) {
        this.benchmark = benchmark;
        this.size = prompts.size();
        for (int i = 0; i < prompts.size(); i++) {
            String text = Fingerprint.normalised(Fingerprint.asked(prompts.get(i)));
            note(whole, Fingerprint.of(List.of(text)), i);
            for (long sequence : sequences(text)) {
                note(sequences, sequence, i);
            }
        }
    }

    private static void note(Map<Long, List<Integer>> index, long key, int prompt) {
        List<Integer> prompts = index.computeIfAbsent(key, k -> new ArrayList<>(1));
        if (prompts.isEmpty() || prompts.get(prompts.size() - 1) != prompt) {
            prompts.add(prompt);
        }
    }

    /** @param where the row, for the examples */
    void add(String where, Conversation prompt) {
        String text = Fingerprint.normalised(Fingerprint.asked(prompt));
        List<Integer> equal = whole.getOrDefault(Fingerprint.of(List.of(text)), List.of());
        equal.forEach(sameThere::set);
        same += equal.isEmpty() ? 0 : 1;
        BitSet found = new BitSet();
        for (long sequence : sequences(text)) {
            sequences.getOrDefault(sequence, List.of()).forEach(found::set);
        }
        sharedThere.or(found);
        shared += found.isEmpty() ? 0 : 1;
        if (examples.size() < SHOWN && !(equal.isEmpty() && found.isEmpty())) {
            int first = equal.isEmpty() ? found.nextSetBit(0) : equal.get(0);
            examples.add(where + " and prompt " + (first + 1) + " of " + benchmark
                    + (equal.isEmpty() ? " share 13 words in a row" : " are the same"));
        }
    }

    private static long[] sequences(String text) {
        String[] words = text.split(" ");
        long[] hashes = new long[Math.max(0, words.length - WORDS + 1)];
        for (int i = 0; i < hashes.length; i++) {
            long hash = 0;
            for (int j = i; j < i + WORDS; j++) {
                hash = hash * FACTOR + hash(words[j]);
            }
            hashes[i] = hash;
        }
        return hashes;
    }

    private static long hash(String word) {
        long hash = word.length();
        for (int i = 0; i < word.length(); i++) {
            hash = (hash ^ word.charAt(i)) * FACTOR;
            hash ^= hash >>> 29;
        }
        return hash;
    }

    BenchmarkOverlap result() {
        return new BenchmarkOverlap(
                benchmark,
                size,
                same,
                sameThere.cardinality(),
                shared,
                sharedThere.cardinality(),
                List.copyOf(examples));
    }
}

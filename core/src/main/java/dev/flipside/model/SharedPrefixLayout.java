package dev.flipside.model;

import dev.flipside.engine.Device;
import dev.flipside.engine.Tensors;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Rows that begin alike: each distinct prefix stands once, followed by what the rows add to it.
 *
 * <p>One matrix [1, P * Sp + B * Tc]: P prefixes padded to the longest, then B continuations padded to the longest,
 * ordered by prefix. A token of a causal decoder does not depend on what follows it, so a prefix has the same states in
 * every row that begins with it; in a backward pass it collects the gradients of all of them. Only attention knows of
 * the layout ({@link SharedPrefixAttention}).
 *
 * @param prefixes the P prefixes, none empty
 * @param prefixOf the prefix of each row, ascending
 * @param continuations what follows the prefix in each of the B rows; may be empty
 * @param context see {@link RowLayout#ofTexts}
 */
record SharedPrefixLayout(int[][] prefixes, int[] prefixOf, int[][] continuations, int context) implements RowLayout {
    SharedPrefixLayout(int[][] prefixes, int[] prefixOf, int[][] continuations) {
        this(prefixes, prefixOf, continuations, longestRow(prefixes, prefixOf, continuations));
    }

    @Override
    public RowLayout ofTexts(int length) {
        return new SharedPrefixLayout(prefixes, prefixOf, continuations, length);
    }

    @Override
    public Tensor ids(Device device) {
        long[] ids = new long[Math.toIntExact(tokens())];
        fill(ids, 0, prefixes, prefixSlots());
        fill(ids, Math.toIntExact(prefixTokens()), continuations, continuationSlots());
        return Tensors.ofLongs(ids, device, 1, ids.length);
    }

    private static void fill(long[] into, int from, int[][] rows, int slots) {
        for (int r = 0; r < rows.length; r++) {
            for (int t = 0; t < rows[r].length; t++) {
                into[from + r * slots + t] = rows[r][t];
            }
        }
    }

    private long[] positions() {
        long[] positions = new long[Math.toIntExact(tokens())];
        for (int p = 0; p < prefixes.length; p++) {
            for (int t = 0; t < prefixSlots(); t++) {
                positions[p * prefixSlots() + t] = t;
            }
        }
        int from = Math.toIntExact(prefixTokens());
        for (int r = 0; r < continuations.length; r++) {
            for (int t = 0; t < continuationSlots(); t++) {
                positions[from + r * continuationSlots() + t] = prefixLength(r) + t;
            }
        }
        return positions;
    }

    @Override
    public Tensor positions(Device device) {
        long[] positions = positions();
        return Tensors.ofLongs(positions, device, 1, positions.length);
    }

    @Override
    public LayerAngles angles(RotaryTables rotary) {
        return rotary.at(positions(), context);
    }

    private static int longestRow(int[][] prefixes, int[] prefixOf, int[][] continuations) {
        return IntStream.range(0, continuations.length)
                .map(r -> prefixes[prefixOf[r]].length + continuations[r].length)
                .max()
                .orElse(0);
    }

    @Override
    public float[] multiplicities() {
        float[] counts = new float[Math.toIntExact(tokens())];
        int[] sizes = groupSizes();
        for (int p = 0; p < prefixes.length; p++) {
            Arrays.fill(counts, p * prefixSlots(), p * prefixSlots() + prefixes[p].length, sizes[p]);
        }
        int from = Math.toIntExact(prefixTokens());
        for (int r = 0; r < continuations.length; r++) {
            int at = from + r * continuationSlots();
            Arrays.fill(counts, at, at + continuations[r].length, 1);
        }
        return counts;
    }

    @Override
    public Attention attention(Decoder decoder) {
        return new SharedPrefixAttention(this, decoder);
    }

    @Override
    public long place(int row, int token) {
        int prefix = prefixLength(row);
        return token < prefix
                ? (long) prefixOf[row] * prefixSlots() + token
                : prefixTokens() + (long) row * continuationSlots() + token - prefix;
    }

    @Override
    public long tokens() {
        return prefixTokens() + (long) continuations.length * continuationSlots();
    }

    /** Tokens of the prefix of a row. */
    int prefixLength(int row) {
        return prefixes[prefixOf[row]].length;
    }

    /** Sp, the length of the longest prefix. */
    int prefixSlots() {
        return RowLayout.longest(prefixes);
    }

    /** Tc, the length of the longest continuation. */
    int continuationSlots() {
        return RowLayout.longest(continuations);
    }

    /** P * Sp. */
    long prefixTokens() {
        return (long) prefixes.length * prefixSlots();
    }

    /** How many rows continue each prefix. */
    int[] groupSizes() {
        int[] sizes = new int[prefixes.length];
        for (int prefix : prefixOf) {
            sizes[prefix]++;
        }
        return sizes;
    }

    /** Whether every prefix is as long as the longest. */
    boolean prefixesOfOneLength() {
        int slots = prefixSlots();
        return IntStream.range(0, prefixes.length).allMatch(p -> prefixes[p].length == slots);
    }

    /** Whether every prefix has the same number of rows, so that rows are [P, B / P]. */
    boolean groupsOfOneSize() {
        return Arrays.stream(groupSizes()).distinct().count() == 1;
    }
}

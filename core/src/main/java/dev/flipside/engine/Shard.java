package dev.flipside.engine;

/**
 * A rank's part of a flat buffer: consecutive elements, as many as any other rank's but for the last ones'.
 *
 * @param from first element
 * @param length how many; 0 where the buffer has fewer parts than there are ranks
 */
public record Shard(long from, long length) {
    /** Elements: whole cache lines of float32. */
    private static final long ALIGNMENT = 16;

    /** The part of one of {@code ranks}. */
    public static Shard of(long elements, int rank, int ranks) {
        if (ranks == 1) {
            return new Shard(0, elements);
        }
        long most = longest(elements, ranks);
        long from = Math.min(elements, rank * most);
        return new Shard(from, Math.min(elements, from + most) - from);
    }

    /** The length of the first rank's part, which no other exceeds. */
    static long longest(long elements, int ranks) {
        long even = (elements + ranks - 1) / ranks;
        return (even + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}

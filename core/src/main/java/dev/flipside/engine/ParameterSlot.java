package dev.flipside.engine;

/**
 * One weight among {@link Parameters}.
 *
 * @param name unique name
 * @param shape its dimensions
 */
public record ParameterSlot(String name, long... shape) {
    public long elements() {
        long n = 1;
        for (long d : shape) {
            n = Math.multiplyExact(n, d);
        }
        return n;
    }
}

package dev.flipside.eval.policy;

/**
 * How much of an item is right.
 *
 * @param hits what is right, from 0 to {@code of}
 * @param of what could be right, at least 1: a prompt counts once, or once for each of its instructions
 */
public record Score(int hits, int of) {
    public Score {
        if (of < 1 || hits < 0 || hits > of) {
            throw new IllegalArgumentException(hits + " of " + of);
        }
    }

    public static Score of(boolean right) {
        return new Score(right ? 1 : 0, 1);
    }

    public Score plus(Score other) {
        return new Score(hits + other.hits, of + other.of);
    }

    public double share() {
        return (double) hits / of;
    }
}

package dev.flipside.algo;

/** The logistic function and its integral, without overflow for any finite argument. */
public final class Logistic {
    private Logistic() {}

    /** {@code 1 / (1 + exp(-x))}. */
    public static double sigmoid(double x) {
        if (x >= 0) {
            return 1.0 / (1.0 + Math.exp(-x));
        }
        double e = Math.exp(x);
        return e / (1.0 + e);
    }

    /** {@code log(1 + exp(x)) = -log sigmoid(-x)}. */
    public static double softplus(double x) {
        return Math.max(x, 0.0) + Math.log1p(Math.exp(-Math.abs(x)));
    }
}

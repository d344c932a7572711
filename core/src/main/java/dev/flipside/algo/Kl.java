package dev.flipside.algo;

/**
 * Per-token estimators of KL(policy || reference) from tokens that the policy sampled, with {@code d = logp - ref logp}
 * (Schulman 2020, "Approximating KL divergence"). None is clamped.
 */
public enum Kl {
    /**
     * {@code d}: unbiased, can be negative. Its gradient has mean 0 over the policy's samples, so as a loss it
     * penalises nothing.
     */
    K1 {
        @Override
        public double value(double logp, double refLogp) {
            return logp - refLogp;
        }

        @Override
        public double gradient(double logp, double refLogp) {
            return 1.0;
        }
    },
    /** {@code d^2 / 2}: biased value, but the expected gradient of the KL divergence. */
    K2 {
        @Override
        public double value(double logp, double refLogp) {
            double d = logp - refLogp;
            return 0.5 * d * d;
        }

        @Override
        public double gradient(double logp, double refLogp) {
            return logp - refLogp;
        }
    },
    /** {@code exp(-d) + d - 1}: unbiased, never negative, low variance; what GRPO uses. */
    K3 {
        @Override
        public double value(double logp, double refLogp) {
            double d = logp - refLogp;
            // expm1 keeps the digits that exp(-d) - 1 loses while the policy is still close to its reference.
            return Math.expm1(-d) + d;
        }

        @Override
        public double gradient(double logp, double refLogp) {
            return -Math.expm1(refLogp - logp);
        }
    };

    /** The estimate for one token. */
    public abstract double value(double logp, double refLogp);

    /** Its derivative with respect to {@code logp}. */
    public abstract double gradient(double logp, double refLogp);
}

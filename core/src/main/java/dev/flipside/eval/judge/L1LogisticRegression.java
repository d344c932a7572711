package dev.flipside.eval.judge;

import dev.flipside.algo.Logistic;

/**
 * Logistic regression without an intercept on targets between 0 and 1, with the penalty and the scaling of liblinear's
 * solver 6 (Fan et al. 2008): the minimum over w of {@code |w|_1 + C sum_i s_i (t_i softplus(-x_i w) + (1 - t_i)
 * softplus(x_i w))}. A target between 0 and 1 is the same as two rows, one of each class, with weights t and 1 - t.
 *
 * <p>Solved by proximal Newton steps (Yuan, Ho, Lin 2012), to convergence; made for few columns.
 *
 * @param x rows of equal length
 * @param target in [0, 1], one per row
 * @param weight positive, one per row
 */
record L1LogisticRegression(double[][] x, double[] target, double[] weight) {
    private static final int STEPS = 200;
    private static final int SWEEPS = 1000;
    private static final double TOLERANCE = 1e-10;
    /** Keeps a column of zeros from dividing by zero. */
    private static final double RIDGE = 1e-12;

    private static final double SUFFICIENT_DECREASE = 0.01;

    /**
     * The weights of the columns at the minimum.
     *
     * @param c how much the data count against the penalty
     * @param start where to begin, such as the solution for another c
     */
    double[] fit(double c, double[] start) {
        double[] w = start.clone();
        double value = objective(w, c);
        for (int step = 0; step < STEPS; step++) {
            double[] gradient = new double[w.length];
            double[][] hessian = new double[w.length][w.length];
            derivatives(w, c, gradient, hessian);
            double[] direction = direction(w, gradient, hessian);
            double predicted = predictedChange(w, gradient, direction);
            double largest = 0;
            for (double d : direction) {
                largest = Math.max(largest, Math.abs(d));
            }
            if (largest < TOLERANCE) {
                return w;
            }
            double length = 1;
            double[] next = moved(w, direction, length);
            double nextValue = objective(next, c);
            while (nextValue > value + SUFFICIENT_DECREASE * length * predicted && length > TOLERANCE) {
                length /= 2;
                next = moved(w, direction, length);
                nextValue = objective(next, c);
            }
            if (nextValue >= value) {
                return w; // No descent is left in double precision.
            }
            w = next;
            value = nextValue;
        }
        return w;
    }

    static double linear(double[] row, double[] w) {
        double sum = 0;
        for (int j = 0; j < w.length; j++) {
            sum += row[j] * w[j];
        }
        return sum;
    }

    private double objective(double[] w, double c) {
        double loss = 0;
        for (int i = 0; i < x.length; i++) {
            double z = linear(x[i], w);
            loss += weight[i] * (target[i] * Logistic.softplus(-z) + (1 - target[i]) * Logistic.softplus(z));
        }
        return c * loss + norm(w);
    }

    private void derivatives(double[] w, double c, double[] gradient, double[][] hessian) {
        for (int i = 0; i < x.length; i++) {
            double p = Logistic.sigmoid(linear(x[i], w));
            double slope = c * weight[i] * (p - target[i]);
            double curvature = c * weight[i] * p * (1 - p);
            for (int j = 0; j < w.length; j++) {
                gradient[j] += slope * x[i][j];
                for (int k = 0; k < w.length; k++) {
                    hessian[j][k] += curvature * x[i][j] * x[i][k];
                }
            }
        }
        for (int j = 0; j < w.length; j++) {
            hessian[j][j] += RIDGE;
        }
    }

    /** The step to the minimum of the quadratic model plus the penalty, by coordinate descent. */
    private static double[] direction(double[] w, double[] gradient, double[][] hessian) {
        double[] d = new double[w.length];
        for (int sweep = 0; sweep < SWEEPS; sweep++) {
            double moved = 0;
            for (int j = 0; j < w.length; j++) {
                double slope = gradient[j] + linear(hessian[j], d);
                double free = w[j] + d[j] - slope / hessian[j][j];
                double shrunk = Math.signum(free) * Math.max(0, Math.abs(free) - 1 / hessian[j][j]);
                double change = shrunk - w[j] - d[j];
                d[j] += change;
                moved = Math.max(moved, Math.abs(change));
            }
            if (moved < TOLERANCE / 100) {
                break;
            }
        }
        return d;
    }

    private static double predictedChange(double[] w, double[] gradient, double[] direction) {
        return linear(gradient, direction) + norm(moved(w, direction, 1)) - norm(w);
    }

    private static double[] moved(double[] w, double[] direction, double length) {
        double[] next = w.clone();
        for (int j = 0; j < w.length; j++) {
            next[j] += length * direction[j];
        }
        return next;
    }

    private static double norm(double[] w) {
        double sum = 0;
        for (double value : w) {
            sum += Math.abs(value);
        }
        return sum;
    }
}

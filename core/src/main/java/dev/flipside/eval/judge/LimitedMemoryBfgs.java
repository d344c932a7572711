package dev.flipside.eval.judge;

import java.util.ArrayList;
import java.util.List;

/**
 * L-BFGS (Nocedal 1980) with steps of a fixed fraction of its direction instead of a line search, and the stopping
 * rules of PyTorch's {@code optim.LBFGS}: what a published fit that stops early has to be repeated with.
 *
 * @param rate the fraction; the first step is at most {@code rate / |g|_1} times the gradient
 * @param steps the most steps; the loss is evaluated at most a quarter more often
 * @param tolerance on the largest entry of the gradient, the largest change of a coordinate and the change of the loss
 */
record LimitedMemoryBfgs(double rate, int steps, double tolerance) {
    private static final int HISTORY = 100;
    private static final double LEAST_CURVATURE = 1e-10;

    /** A function with its gradient. */
    interface Objective {
        /**
         * The value at {@code point}.
         *
         * @param gradient zeros on entry, the gradient on return
         */
        double at(double[] point, double[] gradient);
    }

    /** A step s, the change y of the gradient over it, and their product. */
    private record Pair(double[] s, double[] y, double product) {}

    double[] minimise(double[] start, Objective objective) {
        double[] w = start.clone();
        double[] gradient = new double[w.length];
        double loss = objective.at(w, gradient);
        List<Pair> history = new ArrayList<>();
        for (int step = 1; largest(gradient) > tolerance; step++) {
            double[] direction = direction(gradient, history);
            double length = step == 1 ? Math.min(1, 1 / sumOfMagnitudes(gradient)) * rate : rate;
            if (dot(gradient, direction) > -tolerance) {
                break;
            }
            double[] moved = new double[w.length];
            for (int j = 0; j < w.length; j++) {
                moved[j] = length * direction[j];
                w[j] += moved[j];
            }
            if (step == steps || largest(moved) <= tolerance) {
                break;
            }
            double[] next = new double[w.length];
            double nextLoss = objective.at(w, next);
            if (Math.abs(nextLoss - loss) < tolerance) {
                break;
            }
            remember(history, moved, gradient, next);
            gradient = next;
            loss = nextLoss;
        }
        return w;
    }

    private static void remember(List<Pair> history, double[] s, double[] before, double[] after) {
        double[] y = new double[s.length];
        for (int j = 0; j < s.length; j++) {
            y[j] = after[j] - before[j];
        }
        double product = dot(y, s);
        if (product > LEAST_CURVATURE) {
            if (history.size() == HISTORY) {
                history.remove(0);
            }
            history.add(new Pair(s, y, product));
        }
    }

    /** The two loops. */
    private static double[] direction(double[] gradient, List<Pair> history) {
        double[] d = new double[gradient.length];
        add(d, -1, gradient);
        double[] a = new double[history.size()];
        for (int i = history.size() - 1; i >= 0; i--) {
            Pair pair = history.get(i);
            a[i] = dot(pair.s(), d) / pair.product();
            add(d, -a[i], pair.y());
        }
        if (!history.isEmpty()) {
            Pair last = history.get(history.size() - 1);
            double scale = last.product() / dot(last.y(), last.y());
            for (int j = 0; j < d.length; j++) {
                d[j] *= scale;
            }
        }
        for (int i = 0; i < history.size(); i++) {
            Pair pair = history.get(i);
            add(d, a[i] - dot(pair.y(), d) / pair.product(), pair.s());
        }
        return d;
    }

    private static void add(double[] to, double factor, double[] values) {
        for (int j = 0; j < to.length; j++) {
            to[j] += factor * values[j];
        }
    }

    private static double dot(double[] a, double[] b) {
        return L1LogisticRegression.linear(a, b);
    }

    private static double largest(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    private static double sumOfMagnitudes(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += Math.abs(value);
        }
        return sum;
    }
}

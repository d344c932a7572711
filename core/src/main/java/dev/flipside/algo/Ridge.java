package dev.flipside.algo;

import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.RealVector;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * Ridge regression in closed form: minimises {@code mean (x w + b - y)^2 + lambda |w|^2}, with b not penalised. One
 * singular value decomposition serves all penalties, and works for more features than rows (a value head on the hidden
 * states of 64 prompts) as for fewer.
 */
public final class Ridge {
    private final SingularValueDecomposition decomposition;
    private final RealVector projected;
    private final double[] meanX;
    private final double meanY;

    /**
     * Decomposes the centred features.
     *
     * @param x features, {@code [rows][features]}
     * @param y targets, {@code [rows]}
     * @throws IllegalArgumentException without rows or features, or if shapes differ
     */
    public Ridge(double[][] x, double[] y) {
        Groups.requireSameLength("x", x.length, "y", y.length);
        Groups.requirePositive("rows", x.length);
        Groups.requirePositive("features", x[0].length);
        meanX = columnMeans(x);
        meanY = Groups.mean(y);
        double[][] centred = new double[x.length][meanX.length];
        double[] target = new double[y.length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < meanX.length; j++) {
                centred[i][j] = x[i][j] - meanX[j];
            }
            target[i] = y[i] - meanY;
        }
        decomposition = new SingularValueDecomposition(new Array2DRowRealMatrix(centred, false));
        projected = decomposition.getUT().operate(new ArrayRealVector(target, false));
    }

    /**
     * A linear function.
     *
     * @param weights {@code [features]}
     */
    public record Fit(double[] weights, double intercept) {
        /** {@code x w + b} for one row of features. */
        public double predict(double[] features) {
            Groups.requireSameLength("features", features.length, "weights", weights.length);
            double sum = intercept;
            for (int j = 0; j < weights.length; j++) {
                sum += features[j] * weights[j];
            }
            return sum;
        }
    }

    /**
     * A fit whose penalty was chosen on rows that it had not seen.
     *
     * @param fit on all rows
     * @param lambda its penalty
     * @param heldOut the prediction for each row by the fit, with that penalty, that had not seen it, {@code [rows]}:
     *     what an honest R^2 is computed from
     */
    public record Choice(Fit fit, double lambda, double[] heldOut) {}

    /** The best fit for a penalty; with {@code lambda = 0} the shortest of the best. */
    public Fit fit(double lambda) {
        Groups.requireNotNegative("lambda", lambda);
        double[] singular = decomposition.getSingularValues();
        int rows = decomposition.getU().getRowDimension();
        double negligible = singular[0] * Math.max(rows, meanX.length) * Math.ulp(1.0);
        RealVector scaled = new ArrayRealVector(singular.length);
        for (int k = 0; k < singular.length; k++) {
            double s = singular[k];
            scaled.setEntry(k, s <= negligible ? 0.0 : projected.getEntry(k) * s / (s * s + rows * lambda));
        }
        double[] weights = decomposition.getV().operate(scaled).toArray();
        return new Fit(weights, meanY - new Fit(weights, 0.0).predict(meanX));
    }

    /** {@link #fit(double)} for a single penalty. */
    public static Fit fit(double[][] x, double[] y, double lambda) {
        return new Ridge(x, y).fit(lambda);
    }

    /**
     * Chooses the penalty with the least squared error on held-out rows, of equal ones the larger, and fits all rows
     * with it. Row i is held out in fold {@code i mod folds}: rows must not come in an order that means something.
     *
     * @param lambdas the penalties to choose from, at least one
     * @param folds from 2 to the number of rows
     */
    public static Choice choose(double[][] x, double[] y, double[] lambdas, int folds) {
        if (folds < 2 || folds > x.length || lambdas.length == 0) {
            throw new IllegalArgumentException(
                    folds + " folds of " + x.length + " rows and " + lambdas.length + " penalties give no choice");
        }
        double[][] heldOut = heldOutPredictions(x, y, lambdas, folds);
        int best = 0;
        for (int l = 1; l < lambdas.length; l++) {
            double difference = squaredError(heldOut[l], y) - squaredError(heldOut[best], y);
            if (difference < 0 || (difference == 0 && lambdas[l] > lambdas[best])) {
                best = l;
            }
        }
        return new Choice(fit(x, y, lambdas[best]), lambdas[best], heldOut[best]);
    }

    /** {@code [lambdas][rows]}. */
    private static double[][] heldOutPredictions(double[][] x, double[] y, double[] lambdas, int folds) {
        double[][] predictions = new double[lambdas.length][x.length];
        for (int fold = 0; fold < folds; fold++) {
            int held = (x.length - fold + folds - 1) / folds;
            double[][] trainX = new double[x.length - held][];
            double[] trainY = new double[x.length - held];
            int n = 0;
            for (int i = 0; i < x.length; i++) {
                if (i % folds != fold) {
                    trainX[n] = x[i];
                    trainY[n++] = y[i];
                }
            }
            Ridge ridge = new Ridge(trainX, trainY);
            for (int l = 0; l < lambdas.length; l++) {
                Fit fit = ridge.fit(lambdas[l]);
                for (int i = fold; i < x.length; i += folds) {
                    predictions[l][i] = fit.predict(x[i]);
                }
            }
        }
        return predictions;
    }

    private static double squaredError(double[] predictions, double[] y) {
        double sum = 0;
        for (int i = 0; i < y.length; i++) {
            sum += (predictions[i] - y[i]) * (predictions[i] - y[i]);
        }
        return sum;
    }

    private static double[] columnMeans(double[][] x) {
        double[] means = new double[x[0].length];
        for (double[] row : x) {
            Groups.requireSameLength("row", row.length, "first row", means.length);
            for (int j = 0; j < means.length; j++) {
                means[j] += row[j] / x.length;
            }
        }
        return means;
    }
}

package dev.flipside.algo;

/** Squared losses of a value head. */
public final class ValueLoss {
    private ValueLoss() {}

    /**
     * The loss of some values.
     *
     * @param gradValues derivative with respect to the values, same length
     */
    public record Evaluation(double loss, double[] gradValues) {}

    /** What the loss of a mini-batch is divided by: its prompts that have a target; at least 1. */
    public static int normaliser(double[][] targets) {
        int prompts = 0;
        for (double[] row : targets) {
            prompts += row.length > 0 ? 1 : 0;
        }
        return Math.max(1, prompts);
    }

    /**
     * SAVE's value loss: the mean over prompts of the mean over the prompt's targets of {@code (v - target)^2}.
     *
     * @param values {@code [prompts]}
     * @param targets {@link ValueTarget#targets(double[][], boolean[][])}; prompts with an empty row contribute nothing
     * @param normaliser {@link #normaliser} of the whole mini-batch
     */
    public static Evaluation evaluate(double[] values, double[][] targets, double normaliser) {
        Groups.requireSameLength("values", values.length, "targets", targets.length);
        Groups.requirePositive("normaliser", normaliser);
        double loss = 0;
        double[] gradValues = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            for (double target : targets[i]) {
                double weight = 1.0 / (targets[i].length * normaliser);
                double error = values[i] - target;
                loss += weight * error * error;
                gradValues[i] += 2 * weight * error;
            }
        }
        return new Evaluation(loss, gradValues);
    }

    /**
     * PPO's clipped value loss (arXiv 1707.06347 as implemented by its descendants): {@code mean of max((v - target)^2,
     * (clip(v, old - range, old + range) - target)^2) / 2}. For library users with a critic of their own; no part of
     * SAVE, and no option selects it.
     *
     * @param values {@code [n]}
     * @param oldValues of the critic when the samples were drawn, {@code [n]}
     * @param targets returns, {@code [n]}
     * @param range how far a value may move from its old one, above 0
     * @param normaliser the number of values of the whole batch
     */
    public static Evaluation clipped(
            double[] values, double[] oldValues, double[] targets, double range, double normaliser) {
        Groups.requireSameLength("values", values.length, "oldValues", oldValues.length);
        Groups.requireSameLength("values", values.length, "targets", targets.length);
        Groups.requirePositive("range", range);
        Groups.requirePositive("normaliser", normaliser);
        double loss = 0;
        double[] gradValues = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            double clipped = Math.max(oldValues[i] - range, Math.min(values[i], oldValues[i] + range));
            double error = values[i] - targets[i];
            double clippedError = clipped - targets[i];
            boolean moves = error * error >= clippedError * clippedError;
            loss += 0.5 * Math.max(error * error, clippedError * clippedError) / normaliser;
            gradValues[i] = moves ? error / normaliser : 0.0;
        }
        return new Evaluation(loss, gradValues);
    }
}

package dev.flipside.algo;

import java.util.OptionalDouble;

/**
 * SAVE's contrastive objective: positives above the anchor, negatives below it. With the labels of
 * {@link FeedbackFilter}, a prompt's samples P (+1) and N (-1), and {@code t(x) = (1 - eps) softplus(-x') + eps
 * softplus(x')}, {@code x' = min(x, cap)}:
 *
 * <pre>
 *   ANCHORED           mean over prompts with both signs of  mean_P t(r - a) + mean_N t(a - r)
 *   ANCHORED_ALL_KEPT  mean over all kept samples of         t(r - a) for P, t(a - r) for N
 *   PAIRWISE           mean over prompts with both signs of  mean over P x N of t(r_p - r_n)
 * </pre>
 *
 * The form is this project's reading of the published description (arXiv 2605.30888), whose equations are not public.
 * Since {@code sigmoid(x) sigmoid(y) <= sigmoid(x + y)}, the anchored loss bounds the pairwise (Bradley-Terry) loss
 * from above, whatever the anchor.
 */
public final class AnchoredContrast {
    private AnchoredContrast() {}

    /** Options {@code save.rm_loss} and {@code save.balance}. */
    public enum Form {
        /** Both signs weigh the same in every prompt, and a prompt must have both. */
        ANCHORED,
        /** Every kept sample weighs the same. */
        ANCHORED_ALL_KEPT,
        /** No anchor: Bradley-Terry over the pairs of a prompt. */
        PAIRWISE
    }

    /**
     * The options of the loss.
     *
     * @param labelSmoothing eps, from 0 to below 0.5
     * @param marginCap beyond this margin a term pushes no further
     */
    public record Options(Form form, double labelSmoothing, OptionalDouble marginCap) {
        public Options {
            BradleyTerry.requireSmoothing(labelSmoothing);
        }

        private double loss(double x) {
            double capped = Math.min(x, cap());
            return (1 - labelSmoothing) * Logistic.softplus(-capped) + labelSmoothing * Logistic.softplus(capped);
        }

        private double derivative(double x) {
            return x > cap() ? 0.0 : labelSmoothing - Logistic.sigmoid(-x);
        }

        private double cap() {
            return marginCap.orElse(Double.POSITIVE_INFINITY);
        }
    }

    /**
     * The loss of some prompts.
     *
     * @param gradRewards derivative with respect to the rewards, {@code [prompt][sample]}
     * @param gradAnchor derivative with respect to an anchor that all samples of the prompt share, {@code [prompts]}:
     *     what {@code anchor_gradient: flow} sends into the value head ({@code kappa} times it for a mixture) and
     *     {@code stop} ignores; zeros for {@link Form#PAIRWISE}
     */
    public record Evaluation(double loss, double[][] gradRewards, double[] gradAnchor) {}

    /**
     * What the loss of a mini-batch is divided by: prompts with both signs, or kept samples for
     * {@link Form#ANCHORED_ALL_KEPT}; at least 1.
     */
    public static int normaliser(Form form, int[][] labels) {
        int count = 0;
        for (int[] prompt : labels) {
            if (form == Form.ANCHORED_ALL_KEPT) {
                count += Feedback.count(prompt, 1) + Feedback.count(prompt, -1);
            } else {
                count += Feedback.bothSigns(prompt) ? 1 : 0;
            }
        }
        return Math.max(1, count);
    }

    /**
     * Which rewards the loss looks at, same shape as the labels: those of kept samples whose prompt has a contrast. It
     * is constant in all others, and they may be anything.
     */
    public static boolean[][] contributing(Form form, int[][] labels) {
        boolean[][] contributing = new boolean[labels.length][];
        for (int i = 0; i < labels.length; i++) {
            boolean contrast = form == Form.ANCHORED_ALL_KEPT || Feedback.bothSigns(labels[i]);
            contributing[i] = new boolean[labels[i].length];
            for (int j = 0; j < labels[i].length; j++) {
                contributing[i][j] = contrast && labels[i][j] != 0;
            }
        }
        return contributing;
    }

    /**
     * Evaluates the prompts of a micro-batch; those without a usable contrast contribute nothing.
     *
     * @param rewards of the reward model being trained, {@code [prompt][sample]}
     * @param anchors same shape: those of the snapshot, or the current ones when their gradient is to flow
     * @param labels same shape
     * @param normaliser {@link #normaliser} of the whole mini-batch
     */
    public static Evaluation evaluate(
            double[][] rewards, double[][] anchors, int[][] labels, double normaliser, Options options) {
        Groups.requireSameLength("rewards", rewards.length, "anchors", anchors.length);
        Groups.requireSameLength("rewards", rewards.length, "labels", labels.length);
        Groups.requirePositive("normaliser", normaliser);
        double loss = 0;
        double[][] gradRewards = new double[rewards.length][];
        double[] gradAnchor = new double[rewards.length];
        for (int i = 0; i < rewards.length; i++) {
            Groups.requireSameLength("rewards", rewards[i].length, "anchors", anchors[i].length);
            Groups.requireSameLength("rewards", rewards[i].length, "labels", labels[i].length);
            gradRewards[i] = new double[rewards[i].length];
            if (options.form == Form.ANCHORED_ALL_KEPT || Feedback.bothSigns(labels[i])) {
                loss += options.form == Form.PAIRWISE
                        ? addPairs(rewards[i], labels[i], normaliser, options, gradRewards[i])
                        : addAnchored(rewards[i], anchors[i], labels[i], normaliser, options, gradRewards[i]);
            }
            if (options.form != Form.PAIRWISE) {
                for (double g : gradRewards[i]) {
                    gradAnchor[i] -= g;
                }
            }
        }
        return new Evaluation(loss, gradRewards, gradAnchor);
    }

    private static double addAnchored(
            double[] rewards, double[] anchors, int[] labels, double normaliser, Options options, double[] gradient) {
        boolean perSign = options.form == Form.ANCHORED;
        double positiveWeight = 1.0 / (normaliser * (perSign ? Feedback.count(labels, 1) : 1));
        double negativeWeight = 1.0 / (normaliser * (perSign ? Feedback.count(labels, -1) : 1));
        double loss = 0;
        for (int j = 0; j < rewards.length; j++) {
            if (labels[j] != 0) {
                double weight = labels[j] > 0 ? positiveWeight : negativeWeight;
                double margin = labels[j] * (rewards[j] - anchors[j]);
                loss += weight * options.loss(margin);
                gradient[j] += weight * labels[j] * options.derivative(margin);
            }
        }
        return loss;
    }

    private static double addPairs(
            double[] rewards, int[] labels, double normaliser, Options options, double[] gradient) {
        double weight = 1.0 / (normaliser * Feedback.count(labels, 1) * Feedback.count(labels, -1));
        double loss = 0;
        for (int p = 0; p < rewards.length; p++) {
            for (int n = 0; n < rewards.length; n++) {
                if (labels[p] > 0 && labels[n] < 0) {
                    double margin = rewards[p] - rewards[n];
                    double derivative = weight * options.derivative(margin);
                    loss += weight * options.loss(margin);
                    gradient[p] += derivative;
                    gradient[n] -= derivative;
                }
            }
        }
        return loss;
    }
}

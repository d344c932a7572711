package dev.flipside.train;

import dev.flipside.config.AnchorConfig;
import dev.flipside.config.ContrastConfig;
import dev.flipside.config.FilterConfig;
import dev.flipside.config.SaveConfig;
import dev.flipside.config.ValueHeadConfig;
import dev.flipside.engine.Seeds;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.Scores;
import java.util.List;
import java.util.Optional;

/**
 * The SAVE loss written down a second time, over plain numbers and as its definition reads; what comes from the
 * snapshot is fixed when this is made.
 */
final class SaveLossWrittenOut {
    static final int GROUP = 4;
    static final double FLOOR = 0.1;

    private final SaveConfig save;
    private final RewardModel model;
    private final RewardModel initial;
    private final RolloutBatch batch;
    private final List<ScoredRow> rows;
    private final LabelledPair replayed;
    private final boolean[] usable;
    private final double[] snapshotRewards;
    private final double[] snapshotValues;
    private final double[] labelRewards;
    private final double[] anchors;
    private final int[] labels;

    SaveLossWrittenOut(
            SaveConfig save,
            RewardModel model,
            RewardModel initial,
            RolloutBatch batch,
            List<ScoredRow> rows,
            LabelledPair replayed,
            Optional<double[][]> gold) {
        this.save = save;
        this.model = model;
        this.initial = initial;
        this.batch = batch;
        this.rows = rows;
        this.replayed = replayed;
        usable = new boolean[rows.size()];
        anchors = new double[rows.size()];
        labels = new int[rows.size()];
        Scores scores = now();
        snapshotRewards = scores.rewards();
        snapshotValues = scores.values();
        for (int k = 0; k < rows.size(); k++) {
            int[] ids = batch.completions().get(k).ids();
            usable[k] = !save.filtering().maskTruncated() || ids[ids.length - 1] == TinyWorld.EOS;
        }
        labelRewards = save.filtering().residualise().isEmpty() ? snapshotRewards : withoutLength();
        for (int p = 0; p < batch.size(); p++) {
            for (int i = 0; i < GROUP; i++) {
                anchors[p * GROUP + i] = anchor(p, i) + noise(p);
            }
        }
        for (int p = 0; p < batch.size(); p++) {
            label(p, gold);
        }
    }

    Scores now() {
        return model.score(rows);
    }

    private double anchor(int p, int i) {
        int k = p * GROUP + i;
        return switch (save.anchoring().anchor()) {
            case VALUE -> snapshotValues[k];
            case MIXTURE ->
                save.anchoring().anchorMix() * snapshotValues[k]
                        + (1 - save.anchoring().anchorMix()) * groupMean(p, -1);
            case LEAVE_ONE_OUT -> groupMean(p, i);
            case FROZEN -> initial.score(rows).values()[k];
            case SHUFFLED ->
                snapshotValues[GROUP * new Seeds(1).permutation(Seeds.Stream.ANCHOR_SHUFFLE, 1, batch.size())[p]];
        };
    }

    private double noise(int p) {
        double normal = Seeds.normal(new Seeds(1).key(Seeds.Stream.ANCHOR_NOISE, 1, p, 0), 0);
        return save.controls().anchorNoise() * normal * std(p, snapshotRewards);
    }

    private double groupMean(int p, int without) {
        double sum = 0;
        int n = 0;
        for (int i = 0; i < GROUP; i++) {
            if (i != without && usable[p * GROUP + i]) {
                sum += snapshotRewards[p * GROUP + i];
                n++;
            }
        }
        return n == 0 ? snapshotValues[p * GROUP] : sum / n;
    }

    /** Rewards less slope times length, the slope by the formula for one feature; group means stay as they are. */
    private double[] withoutLength() {
        double products = 0;
        double squares = 0;
        double[] longer = new double[rows.size()];
        for (int k = 0; k < rows.size(); k++) {
            int p = k / GROUP;
            double sum = 0;
            int n = 0;
            for (int i = p * GROUP; i < (p + 1) * GROUP; i++) {
                sum += usable[i] ? batch.lengths()[i] : 0;
                n += usable[i] ? 1 : 0;
            }
            longer[k] = batch.lengths()[k] - (n == 0 ? 0 : sum / n);
            if (usable[k]) {
                products += longer[k] * (snapshotRewards[k] - groupMean(p, -1));
                squares += longer[k] * longer[k];
            }
        }
        double[] residuals = snapshotRewards.clone();
        for (int k = 0; k < rows.size(); k++) {
            residuals[k] -= squares == 0 ? 0 : products / squares * longer[k];
        }
        return residuals;
    }

    private double std(int p, double[] values) {
        double mean = groupMean(p, -1);
        double squares = 0;
        int n = 0;
        for (int i = 0; i < GROUP; i++) {
            if (usable[p * GROUP + i]) {
                squares += Math.pow(values[p * GROUP + i] - mean, 2);
                n++;
            }
        }
        return n < 2 ? 0 : Math.sqrt(squares / (n - 1));
    }

    private void label(int p, Optional<double[][]> gold) {
        double std = std(p, labelRewards);
        double threshold =
                switch (save.filtering().filter()) {
                    case STD -> save.filtering().filterThreshold() * Math.max(std, FLOOR);
                    case ABSOLUTE -> save.filtering().filterThreshold();
                    case NONE, FRACTION -> 0;
                };
        double high = Double.NEGATIVE_INFINITY;
        double low = Double.POSITIVE_INFINITY;
        for (int i = 0; i < GROUP; i++) {
            int k = p * GROUP + i;
            double advantage = labelRewards[k] - anchors[k];
            high = Math.max(high, advantage);
            low = Math.min(low, advantage);
            labels[k] = usable[k] && Math.abs(advantage) > threshold ? (int) Math.signum(advantage) : 0;
        }
        for (int i = 0; i < GROUP; i++) {
            int k = p * GROUP + i;
            double advantage = labelRewards[k] - anchors[k];
            if (save.filtering().filter() == FilterConfig.Filter.FRACTION && advantage != high && advantage != low) {
                labels[k] = 0; // a quarter of four samples is one at each end
            }
            if (gold.isPresent()) {
                double goldMean = 0;
                for (double g : gold.get()[p]) {
                    goldMean += g / GROUP;
                }
                labels[k] = Math.abs(gold.get()[p][i] - goldMean) < 1e-6
                        ? 0
                        : (int) Math.signum(gold.get()[p][i] - goldMean);
            }
        }
    }

    /**
     * @param throughValues how much of what depends on v counts: value_backbone_weight for the backbone, 1 for the head
     */
    double loss(Scores now, double throughValues) {
        if (save.valueHead().valueTarget() == ValueHeadConfig.ValueTarget.IMPROVED) {
            return valueLoss(now);
        }
        return save.contrast().contrastWeight() * contrast(now, throughValues)
                + throughValues * valueLoss(now)
                + centering(now)
                + replay();
    }

    private double contrast(Scores now, double throughValues) {
        double sum = 0;
        int prompts = 0;
        int kept = 0;
        for (int p = 0; p < batch.size(); p++) {
            double positive = 0;
            double negative = 0;
            double pairs = 0;
            int positives = 0;
            int negatives = 0;
            for (int k = p * GROUP; k < (p + 1) * GROUP; k++) {
                double anchor = anchorNow(now, k, throughValues);
                positives += labels[k] > 0 ? 1 : 0;
                negatives += labels[k] < 0 ? 1 : 0;
                positive += labels[k] > 0 ? term(now.rewards()[k] - anchor) : 0;
                negative += labels[k] < 0 ? term(anchor - now.rewards()[k]) : 0;
                for (int n = p * GROUP; n < (p + 1) * GROUP; n++) {
                    pairs += labels[k] > 0 && labels[n] < 0 ? term(now.rewards()[k] - now.rewards()[n]) : 0;
                }
            }
            if (save.contrast().balance() == ContrastConfig.Balance.ALL_KEPT) {
                sum += positive + negative;
                kept += positives + negatives;
            } else if (positives > 0 && negatives > 0) {
                prompts++;
                sum += save.contrast().rmLoss() == ContrastConfig.RmLoss.PAIRWISE
                        ? pairs / (positives * negatives)
                        : positive / positives + negative / negatives;
            }
        }
        return sum / Math.max(1, save.contrast().balance() == ContrastConfig.Balance.ALL_KEPT ? kept : prompts);
    }

    private double anchorNow(Scores now, int k, double throughValues) {
        if (save.contrast().anchorGradient() == ContrastConfig.AnchorGradient.STOP) {
            return anchors[k];
        }
        double share = save.anchoring().anchor() == AnchorConfig.Anchor.MIXTURE
                ? save.anchoring().anchorMix()
                : 1;
        return anchors[k] + throughValues * share * (now.values()[k] - snapshotValues[k]);
    }

    private double term(double x) {
        double capped = Math.min(x, save.regularisation().marginCap().orElse(Double.POSITIVE_INFINITY));
        return (1 - save.regularisation().labelSmoothing()) * softplus(-capped)
                + save.regularisation().labelSmoothing() * softplus(capped);
    }

    double valueLoss(Scores now) {
        double sum = 0;
        int prompts = 0;
        for (int p = 0; p < batch.size(); p++) {
            double ofPrompt = 0;
            int targets = 0;
            for (int i = 0; i < GROUP; i++) {
                boolean others = save.valueHead().valueTarget() == ValueHeadConfig.ValueTarget.LEAVE_ONE_OUT;
                if (usable[p * GROUP + i]) {
                    ofPrompt += Math.pow(now.values()[p * GROUP] - groupMean(p, others ? i : -1), 2);
                    targets++;
                }
            }
            sum += targets == 0 ? 0 : ofPrompt / targets;
            prompts += targets == 0 ? 0 : 1;
        }
        return sum / Math.max(1, prompts);
    }

    private double centering(Scores now) {
        double sum = 0;
        for (int p = 0; p < batch.size(); p++) {
            double mean = 0;
            for (int i = 0; i < GROUP; i++) {
                mean += now.rewards()[p * GROUP + i] / GROUP;
            }
            sum += mean * mean;
        }
        return save.regularisation().centering() * sum / batch.size();
    }

    /** There is one pair to draw from, so the mean over any draw is its loss. */
    private double replay() {
        double[] rewards =
                model.score(List.of(replayed.chosen(), replayed.rejected())).rewards();
        double x = rewards[0] - rewards[1];
        return save.guarding().weight()
                * ((1 - save.regularisation().labelSmoothing()) * softplus(-x)
                        + save.regularisation().labelSmoothing() * softplus(x));
    }

    private static double softplus(double x) {
        return Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0);
    }
}

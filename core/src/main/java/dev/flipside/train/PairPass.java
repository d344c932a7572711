package dev.flipside.train;

import dev.flipside.algo.BradleyTerry;
import dev.flipside.model.RewardModel;
import dev.flipside.model.RewardPass;
import dev.flipside.model.ScoredRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Forward and backward pass of the Bradley-Terry loss over one micro-batch of labelled pairs. */
final class PairPass {
    private PairPass() {}

    /**
     * Adds the gradient of the pairs to the model's.
     *
     * @param margins one per pair
     * @param dropoutKey names the optimiser step, as in {@link RewardModel#pass}
     * @param normaliser what the summed loss is divided by: the pairs of the whole optimiser batch
     */
    static PairLoss run(
            RewardModel model,
            List<LabelledPair> pairs,
            Optional<double[]> margins,
            double normaliser,
            BradleyTerry.Options options,
            boolean gradientCheckpointing,
            OptionalLong dropoutKey) {
        List<ScoredRow> rows = new ArrayList<>();
        pairs.forEach(p -> rows.add(p.chosen()));
        pairs.forEach(p -> rows.add(p.rejected()));
        try (RewardPass pass = model.pass(rows, gradientCheckpointing, dropoutKey)) {
            double[] chosen = Arrays.copyOfRange(pass.rewards(), 0, pairs.size());
            double[] rejected = Arrays.copyOfRange(pass.rewards(), pairs.size(), rows.size());
            BradleyTerry.Evaluation evaluation = BradleyTerry.evaluate(chosen, rejected, margins, normaliser, options);
            double[] gradRewards = Arrays.copyOf(evaluation.gradChosen(), rows.size());
            System.arraycopy(evaluation.gradRejected(), 0, gradRewards, pairs.size(), pairs.size());
            pass.backward(gradRewards, new double[rows.size()], 0);
            return new PairLoss(evaluation.loss(), evaluation.correct(), chosen, rejected);
        }
    }
}

package dev.flipside.model;

import dev.flipside.config.UserError;
import dev.flipside.model.family.DecoderConfig;
import dev.flipside.safetensors.WeightFiles;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a directory of a reward model holds as its head: {@code score.weight} [1, D], which transformers' classifiers
 * read. The head decides, not what config.json says of labels: OpenRLHF writes none there, and transformers takes a
 * classifier without for one of two.
 */
final class StoredRewardHead {
    /** What other trainers and reward models with code of their own call their heads, or parts of them. */
    private static final Pattern OTHERS = Pattern.compile(
            "(?:.*\\.)?(?:(?:value_head|v_head|reward_head|regression_head|regression_layer|rm_head|score_head|classifier|out_proj|gating|score)\\..+)");

    private StoredRewardHead() {}

    /** @throws UserError saying what is there instead */
    static void require(WeightFiles weights, DecoderConfig config) {
        requireNoOther(weights);
        if (!weights.has(WeightLayout.REWARD_HEAD) && ValueHeadFile.isOfLanguageModel(weights.directory())) {
            throw new UserError(weights.directory()
                    + ": its reward head is v_head.summary in value_head.safetensors, as LLaMA-Factory writes it beside a language model, and has a bias, which transformers' classifiers do not have;"
                    + " train one from it with `flipside train-rm` or give a sequence-classification directory.");
        }
        if (!weights.has(WeightLayout.REWARD_HEAD)) {
            throw new UserError(
                    weights.directory()
                            + ": has no score.weight, so it is not a reward model; train one from it with `flipside train-rm` or give a sequence-classification directory.");
        }
        List<Long> shape = weights.shape(WeightLayout.REWARD_HEAD);
        if (shape.size() == 2 && shape.get(0) != 1) {
            throw new UserError(
                    weights.directory() + ": its score head has " + shape.get(0) + " labels; a reward model has one.");
        }
        weights.require(WeightLayout.REWARD_HEAD, List.of(1L, (long) config.hiddenSize()));
    }

    /**
     * A head, or a part of one, that transformers' classifiers do not have and would drop: the score would be another.
     *
     * @throws UserError naming it
     */
    static void requireNoOther(WeightFiles weights) {
        for (String name : weights.names()) {
            if (!name.equals(WeightLayout.REWARD_HEAD) && OTHERS.matcher(name).matches()) {
                throw new UserError(weights.directory() + ": holds " + name + why(name));
            }
        }
    }

    private static String why(String name) {
        if (name.equals("score.bias")) {
            return ", a bias that transformers' classifiers do not have and would drop, so that every score would be another; give a model without one.";
        }
        if (name.equals("value_head.weight")) {
            return ", a reward head that transformers' classifiers would not read; if it has one row and no bias, rename it to score.weight (OpenRLHF: --value_head_prefix score).";
        }
        return ", a part of a reward head that transformers' classifiers do not have; only a linear head score.weight [1, hidden size] is read, so use the model's own code.";
    }
}

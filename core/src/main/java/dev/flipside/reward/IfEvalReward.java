package dev.flipside.reward;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.flipside.eval.ifeval.Instruction;
import dev.flipside.eval.policy.IfEval;
import java.util.List;
import java.util.Map;

/**
 * {@code ifeval}: the share of a prompt's instructions that the answer follows, checked as in IFEval (arXiv 2311.07911), from the data columns {@code instruction_id_list} and
 * {@code kwargs}.
 *
 * @param loose option {@code loose}, default false: accept what one of IFEval's eight variants of the answer fulfils
 * @param all option {@code all}, default false: 1 when all instructions are followed and 0 otherwise, instead of the share
 */
record IfEvalReward(boolean loose, boolean all) implements RewardFunction {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    @Override
    public String name() {
        return "ifeval";
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        Options options = new Options(name(), given);
        IfEvalReward configured = new IfEvalReward(options.flag("loose", loose), options.flag("all", all));
        options.refuseOthers();
        return configured;
    }

    @Override
    public double[] score(List<Sample> samples) {
        return samples.stream().mapToDouble(this::reward).toArray();
    }

    private double reward(Sample sample) {
        List<Instruction> instructions = IfEval.instructions(
                "Reward function 'ifeval': a row of the prompt data",
                column(sample, "instruction_id_list"),
                column(sample, "kwargs"));
        long followed = instructions.stream()
                .filter(instruction -> loose
                        ? instruction.followedLoosely(sample.completion())
                        : instruction.followedStrictly(sample.completion()))
                .count();
        double share = (double) followed / instructions.size();
        return all ? Math.floor(share) : share;
    }

    private JsonNode column(Sample sample, String column) {
        return JSON.valueToTree(sample.column(
                name(), column, "it needs 'instruction_id_list' and 'kwargs', as IFEval's file has them"));
    }
}

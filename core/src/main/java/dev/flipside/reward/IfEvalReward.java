package dev.flipside.reward;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.StrictJson;
import dev.flipside.eval.ifeval.Instruction;
import dev.flipside.eval.policy.IfEval;
import java.util.List;
import java.util.Map;

/**
 * {@code ifeval}: the share of a prompt's instructions that the answer follows, checked as in IFEval (arXiv
 * 2311.07911), from the data columns {@code instruction_id_list} and {@code kwargs}; a row without them cannot be
 * judged: NaN.
 *
 * @param loose option {@code loose}, default false: accept what one of IFEval's eight variants of the answer fulfils
 * @param all option {@code all}, default false: 1 when all instructions are followed and 0 otherwise, instead of the
 *     share
 */
record IfEvalReward(boolean loose, boolean all) implements RewardFunction {
    private static final String IDS = "instruction_id_list";
    private static final String KWARGS = "kwargs";

    private static final RewardOption<Boolean> LOOSE = RewardOption.of(
            "loose",
            OptionType.FLAG,
            false,
            "Accept what one of eight variants of the answer fulfils, as IFEval does.");
    private static final RewardOption<Boolean> ALL =
            RewardOption.of("all", OptionType.FLAG, false, "1 when all are followed and 0 otherwise, not the share.");

    IfEvalReward() {
        this(false, false);
    }

    @Override
    public String name() {
        return "ifeval";
    }

    @Override
    public String summary() {
        return "The share of instructions followed (IFEval), from columns `instruction_id_list` and `kwargs`.";
    }

    @Override
    public List<RewardOption<?>> options() {
        return List.of(LOOSE, ALL);
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        RewardOptions options = new RewardOptions(this, given);
        IfEvalReward configured = new IfEvalReward(options.get(LOOSE), options.get(ALL));
        options.end();
        return configured;
    }

    @Override
    public double[] score(List<Sample> samples) {
        return samples.stream().mapToDouble(this::reward).toArray();
    }

    @Override
    public List<String> columns() {
        return List.of(IDS, KWARGS);
    }

    @Override
    public boolean judges(Map<String, Object> columns) {
        return !instructions(columns).isEmpty();
    }

    private double reward(Sample sample) {
        List<Instruction> instructions = instructions(sample.columns());
        if (instructions.isEmpty()) {
            return Double.NaN;
        }
        long followed = instructions.stream()
                .filter(instruction -> loose
                        ? instruction.followedLoosely(sample.completion())
                        : instruction.followedStrictly(sample.completion()))
                .count();
        double share = (double) followed / instructions.size();
        return all ? Math.floor(share) : share;
    }

    /** None where the row has none, as rows of another task beside IFEval's. */
    private static List<Instruction> instructions(Map<String, Object> columns) {
        JsonNode ids = StrictJson.MAPPER.valueToTree(columns.get(IDS));
        JsonNode kwargs = StrictJson.MAPPER.valueToTree(columns.get(KWARGS));
        boolean none = ids.isNull() || ids.isArray() && ids.isEmpty() || kwargs.isNull();
        return none
                ? List.of()
                : IfEval.instructions("Reward function 'ifeval': a row of the prompt data", ids, kwargs);
    }
}

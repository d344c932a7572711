package dev.flipside.reward;

import dev.flipside.eval.policy.BoxedAnswer;
import dev.flipside.eval.policy.MathEquivalence;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code math_answer}: 1 when the last boxed answer equals the reference in a data column by MATH's rule or by value
 * ({@link MathEquivalence#same}), otherwise 0. A row without a reference cannot be judged: NaN.
 *
 * @param column option {@code column}, default {@code answer}: where the reference stands; of a text with a box, such
 *     as a solution, the boxed part is the reference
 */
record MathAnswerReward(String column) implements RewardFunction {
    private static final RewardOption<String> COLUMN = RewardOption.of(
            "column",
            OptionType.TEXT,
            "answer",
            "The column of the data with the right answer; of a text with a box, such as a solution, the boxed part.");

    MathAnswerReward() {
        this(COLUMN.standard().orElseThrow());
    }

    @Override
    public String name() {
        return "math_answer";
    }

    @Override
    public String summary() {
        return "1 when the last boxed answer equals the one in a data column by MATH's rule or by value, otherwise 0.";
    }

    @Override
    public List<RewardOption<?>> options() {
        return List.of(COLUMN);
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        RewardOptions options = new RewardOptions(this, given);
        MathAnswerReward configured = new MathAnswerReward(options.get(COLUMN));
        options.end();
        return configured;
    }

    @Override
    public double[] score(List<Sample> samples) {
        return samples.stream().mapToDouble(this::reward).toArray();
    }

    @Override
    public List<String> columns() {
        return List.of(column);
    }

    @Override
    public boolean judges(Map<String, Object> columns) {
        return Reference.in(name(), column, columns).isPresent();
    }

    private double reward(Sample sample) {
        Optional<Reference> right = Reference.in(name(), column, sample.columns());
        if (right.isEmpty()) {
            return Double.NaN;
        }
        String text = right.get().text();
        String reference = BoxedAnswer.in(text).orElse(text);
        Optional<String> answer = BoxedAnswer.in(sample.completion());
        return answer.filter(found -> MathEquivalence.same(found, reference)).isPresent() ? 1 : 0;
    }
}

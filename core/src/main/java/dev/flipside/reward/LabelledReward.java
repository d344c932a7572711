package dev.flipside.reward;

import dev.flipside.text.Conversation;
import java.util.List;
import java.util.Map;

/**
 * A function under another name, so that one run can use it twice.
 *
 * @param name of its metrics
 * @param function configured
 */
public record LabelledReward(String name, RewardFunction function) implements RewardFunction {
    @Override
    public String summary() {
        return function.summary();
    }

    @Override
    public double[] score(List<Sample> samples) {
        return function.score(samples);
    }

    @Override
    public List<String> columns() {
        return function.columns();
    }

    @Override
    public boolean judges(Map<String, Object> columns) {
        return function.judges(columns);
    }

    @Override
    public boolean judges(Conversation prompt, Map<String, Object> columns) {
        return function.judges(prompt, columns);
    }

    @Override
    public void close() {
        function.close();
    }
}

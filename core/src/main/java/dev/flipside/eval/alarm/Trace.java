package dev.flipside.eval.alarm;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What the conditions need to know of a run so far: the first and the last few values of every metric. Its size does
 * not grow with the run.
 */
final class Trace {
    /** The longest window that a rule may ask for. */
    static final int LONGEST = 10;

    private final Map<String, Double> first = new HashMap<>();
    private final Map<String, Deque<Double>> last = new HashMap<>();
    private Map<String, Double> now = Map.of();

    void add(Measured line) {
        now = line.values();
        now.forEach((name, value) -> {
            if (value != null && Double.isFinite(value)) {
                first.putIfAbsent(name, value);
                Deque<Double> window = last.computeIfAbsent(name, k -> new ArrayDeque<>());
                window.addLast(value);
                if (window.size() > LONGEST) {
                    window.removeFirst();
                }
            }
        });
    }

    /** Whether the newest line has a value of the metric. */
    boolean measuredNow(String metric) {
        Double value = now.get(metric);
        return value != null && Double.isFinite(value);
    }

    OptionalDouble first(String metric) {
        return first.containsKey(metric) ? OptionalDouble.of(first.get(metric)) : OptionalDouble.empty();
    }

    OptionalDouble last(String metric) {
        return mean(metric, 1);
    }

    /** The mean of the last {@code n} values; empty while there are fewer. */
    OptionalDouble mean(String metric, int n) {
        Deque<Double> window = last.getOrDefault(metric, new ArrayDeque<>());
        return window.size() < n
                ? OptionalDouble.empty()
                : window.stream().skip(window.size() - n).mapToDouble(v -> v).average();
    }
}

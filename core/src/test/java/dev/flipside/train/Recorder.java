package dev.flipside.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A listener that keeps what it is told. */
final class Recorder implements TrainListener {
    /** The metrics of each step, in order; what a round measures before its first step counts as the step before. */
    final Map<Long, Map<String, Double>> steps = new LinkedHashMap<>();

    final List<Map<String, Double>> lines = new ArrayList<>();
    final List<String> messages = new ArrayList<>();
    final List<String> warnings = new ArrayList<>();
    final List<String> activities = new ArrayList<>();

    @Override
    public void step(long step, Map<String, Double> metrics) {
        steps.computeIfAbsent(step, s -> new LinkedHashMap<>()).putAll(metrics);
        lines.add(Map.copyOf(metrics));
    }

    @Override
    public void activity(String name, long step) {
        activities.add(name);
    }

    @Override
    public void message(String line) {
        messages.add(line);
    }

    @Override
    public void warning(String line) {
        warnings.add(line);
    }

    double metric(long step, String name) {
        Double value = steps.get(step).get(name);
        if (value == null) {
            throw new AssertionError("step " + step + " has no " + name + ", only "
                    + steps.get(step).keySet());
        }
        return value;
    }
}

package dev.flipside.train;

import dev.flipside.engine.Device;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** A step of the run: its number, and the wall time and tokens of its phases. */
final class Step {
    private final long number;
    private final Device device;
    private final TrainListener listener;
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private final Map<String, Long> tokens = new LinkedHashMap<>();
    private final long began = System.nanoTime();

    /** @param number from 1 */
    Step(long number, Device device, TrainListener listener) {
        this.number = number;
        this.device = device;
        this.listener = listener;
    }

    long number() {
        return number;
    }

    /** Runs a phase; phases of the same name add up. */
    <T> T time(String phase, Supplier<T> work) {
        listener.activity(phase, number);
        long from = System.nanoTime();
        T result = work.get();
        device.synchronize();
        seconds.merge(phase, (System.nanoTime() - from) * 1e-9, Double::sum);
        return result;
    }

    /** Counts what a phase worked on. */
    void tokens(String phase, long count) {
        tokens.merge(phase, count, Long::sum);
    }

    /** {@code timing_s/PHASE}, {@code tokens_per_s/PHASE} and {@code step_time} so far. */
    Map<String, Double> figures() {
        Map<String, Double> figures = new LinkedHashMap<>();
        seconds.forEach((phase, s) -> figures.put("timing_s/" + phase, s));
        tokens.forEach((phase, n) -> figures.put("tokens_per_s/" + phase, n / Math.max(1e-9, seconds.get(phase))));
        figures.put("step_time", (System.nanoTime() - began) * 1e-9);
        return figures;
    }
}

package dev.flipside.train;

import dev.flipside.engine.Device;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Wall time and tokens per phase of one step. */
final class StepClock {
    private final Device device;
    private final TrainListener listener;
    private final long step;
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private final Map<String, Long> tokens = new LinkedHashMap<>();
    private final long began = System.nanoTime();

    StepClock(Device device, TrainListener listener, long step) {
        this.device = device;
        this.listener = listener;
        this.step = step;
    }

    /** Runs a phase; phases of the same name add up. */
    <T> T time(String phase, Supplier<T> work) {
        listener.activity(phase, step);
        long from = System.nanoTime();
        T result = work.get();
        device.synchronize();
        seconds.merge(phase, (System.nanoTime() - from) * 1e-9, Double::sum);
        return result;
    }

    void tokens(String phase, long count) {
        tokens.merge(phase, count, Long::sum);
    }

    void write(Map<String, Double> metrics) {
        seconds.forEach((phase, s) -> metrics.put("timing_s/" + phase, s));
        tokens.forEach((phase, n) -> metrics.put("tokens_per_s/" + phase, n / Math.max(1e-9, seconds.get(phase))));
        metrics.put("step_time", (System.nanoTime() - began) * 1e-9);
    }
}

package dev.flipside.train;

import java.nio.file.Path;
import java.util.Map;

/**
 * How a training ended.
 *
 * @param folder the run directory
 * @param steps finished; fewer than totalSteps in a completed run that {@code run.stop_rule} ended
 * @param totalSteps that the configuration asks for
 * @param completed false when it was asked to stop; {@code --resume} continues it
 * @param lastMetrics of the last step
 */
public record TrainingResult(
        Path folder, long steps, long totalSteps, boolean completed, Map<String, Double> lastMetrics) {
    static TrainingResult finished(Path folder, long steps, long total, Map<String, Double> lastMetrics) {
        return new TrainingResult(folder, steps, total, true, lastMetrics);
    }

    static TrainingResult stopped(Path folder, long steps, long total, Map<String, Double> lastMetrics) {
        return new TrainingResult(folder, steps, total, false, lastMetrics);
    }
}

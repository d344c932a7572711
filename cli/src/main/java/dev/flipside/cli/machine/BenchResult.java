package dev.flipside.cli.machine;

import dev.flipside.cli.console.Numbers;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a phase took.
 *
 * @param seconds of each measured repetition
 * @param tokens of one repetition
 * @param flops of one repetition, 0 when not counted
 * @param work of the operating system for one repetition
 * @param parts median seconds of the parts of a step; empty for phases of one part
 */
record BenchResult(
        BenchPhase phase, double[] seconds, long tokens, double flops, SystemWork work, Map<String, Double> parts) {
    /** The columns of {@link #asRow}. */
    static final List<String> HEADER = List.of("phase", "seconds", "min", "max", "tokens/s", "GFLOP/s", "of product");

    double median() {
        return median(seconds);
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    double fastest() {
        return Arrays.stream(seconds).min().orElseThrow();
    }

    double slowest() {
        return Arrays.stream(seconds).max().orElseThrow();
    }

    /** @param peak GFLOP/s of a large matrix product on the same device */
    Map<String, Object> asObject(double peak) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("phase", phase.key());
        object.put("seconds_median", median());
        object.put("seconds_min", fastest());
        object.put("seconds_max", slowest());
        object.put("tokens", tokens);
        object.put("tokens_per_s", tokens / median());
        if (flops > 0) {
            object.put("gflops", flops / median() / 1e9);
            object.put("share_of_matrix_product", flops / median() / 1e9 / peak);
        }
        object.put("page_faults", work.pageFaults());
        object.put("seconds_in_system", work.seconds());
        parts.forEach((part, time) -> object.put("seconds_" + part, time));
        return object;
    }

    /** One row under {@link #HEADER}. */
    List<String> asRow(double peak) {
        double gigaflops = flops / median() / 1e9;
        return List.of(
                phase.key(),
                Numbers.fixed(median(), 3),
                Numbers.fixed(fastest(), 3),
                Numbers.fixed(slowest(), 3),
                Numbers.fixed(tokens / median(), 0),
                flops > 0 ? Numbers.fixed(gigaflops, 0) : "",
                flops > 0 ? Numbers.fixed(100 * gigaflops / peak, 0) + " %" : "");
    }
}

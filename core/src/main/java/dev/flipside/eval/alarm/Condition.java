package dev.flipside.eval.alarm;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * When a rule fires. A condition looks only at the newest line, at the first value of a metric and at its last few: it
 * can be asked while a run goes on.
 */
sealed interface Condition {
    /** A value and what it crossed. */
    record Crossing(double value, double threshold) {}

    /** What it watches. */
    String metric();

    /** The crossing, when the newest line measured the metric and the condition holds there. */
    default Optional<Crossing> at(Trace trace) {
        return trace.measuredNow(metric()) ? crossing(trace) : Optional.empty();
    }

    Optional<Crossing> crossing(Trace trace);

    /** The mean of the last {@code window} values is above {@code threshold}. */
    record Above(String metric, double threshold, int window) implements Condition {
        Above(String metric, double threshold) {
            this(metric, threshold, 1);
        }

        @Override
        public Optional<Crossing> crossing(Trace trace) {
            return crossed(trace.mean(metric, window), OptionalDouble.of(threshold), 1);
        }
    }

    /** The mean of the last {@code window} values is below {@code threshold}. */
    record Below(String metric, double threshold, int window) implements Condition {
        Below(String metric, double threshold) {
            this(metric, threshold, 1);
        }

        @Override
        public Optional<Crossing> crossing(Trace trace) {
            return crossed(trace.mean(metric, window), OptionalDouble.of(threshold), -1);
        }
    }

    /** The last {@code window} values of a metric that is never negative were zero. */
    record Zero(String metric, int window) implements Condition {
        @Override
        public Optional<Crossing> crossing(Trace trace) {
            OptionalDouble mean = trace.mean(metric, window);
            return mean.isPresent() && mean.getAsDouble() == 0 ? Optional.of(new Crossing(0, 0)) : Optional.empty();
        }
    }

    /** The value is outside {@code -threshold .. threshold}. */
    record Beyond(String metric, double threshold) implements Condition {
        @Override
        public Optional<Crossing> crossing(Trace trace) {
            double value = trace.last(metric).orElseThrow();
            return Math.abs(value) > threshold
                    ? Optional.of(new Crossing(value, Math.copySign(threshold, value)))
                    : Optional.empty();
        }
    }

    /** The first value of the run, and no later one, satisfies another condition. */
    record AtTheStart(Condition condition) implements Condition {
        @Override
        public String metric() {
            return condition.metric();
        }

        @Override
        public Optional<Crossing> crossing(Trace trace) {
            return trace.mean(metric(), 2).isPresent() ? Optional.empty() : condition.crossing(trace);
        }
    }

    /** The value has risen by more than {@code by} since its first. */
    record Rise(String metric, double by) implements Condition {
        @Override
        public Optional<Crossing> crossing(Trace trace) {
            return crossed(
                    trace.last(metric), OptionalDouble.of(trace.first(metric).orElseThrow() + by), 1);
        }
    }

    /** The mean of the last {@code window} values is below {@code share} of the first value. */
    record Shrunk(String metric, double share, int window) implements Condition {
        @Override
        public Optional<Crossing> crossing(Trace trace) {
            return crossed(
                    trace.mean(metric, window),
                    OptionalDouble.of(trace.first(metric).orElseThrow() * share),
                    -1);
        }
    }

    /** The value is above the last value of another metric by more than {@code by}. */
    record Exceeds(String metric, String other, double by) implements Condition {
        @Override
        public Optional<Crossing> crossing(Trace trace) {
            OptionalDouble than = trace.last(other);
            return crossed(
                    trace.last(metric),
                    than.isPresent() ? OptionalDouble.of(than.getAsDouble() + by) : OptionalDouble.empty(),
                    1);
        }
    }

    /** Both hold, each for the last value measured; the crossing is the first one's. */
    record Both(Condition first, Condition second) implements Condition {
        @Override
        public String metric() {
            return first.metric();
        }

        @Override
        public Optional<Crossing> crossing(Trace trace) {
            return trace.last(second.metric()).isPresent()
                            && second.crossing(trace).isPresent()
                    ? first.crossing(trace)
                    : Optional.empty();
        }
    }

    private static Optional<Crossing> crossed(OptionalDouble value, OptionalDouble threshold, int sign) {
        return value.isPresent() && threshold.isPresent() && sign * (value.getAsDouble() - threshold.getAsDouble()) > 0
                ? Optional.of(new Crossing(value.getAsDouble(), threshold.getAsDouble()))
                : Optional.empty();
    }
}

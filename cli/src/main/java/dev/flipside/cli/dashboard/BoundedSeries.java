package dev.flipside.cli.dashboard;

import java.util.ArrayList;
import java.util.List;

/**
 * A curve of any length in bounded memory: every point while there are few, then the smallest and the largest value of
 * equal stretches, which double as they fill. Peaks are kept, which a mean would hide.
 */
final class BoundedSeries {
    /** So many stretches at most, and half as many at least once the first was full. */
    static final int STRETCHES = 1_000;

    private record Stretch(int points, long lowStep, double low, long highStep, double high) {
        Stretch with(Stretch later) {
            boolean lower = later.low < low;
            boolean higher = later.high > high;
            return new Stretch(
                    points + later.points,
                    lower ? later.lowStep : lowStep,
                    lower ? later.low : low,
                    higher ? later.highStep : highStep,
                    higher ? later.high : high);
        }
    }

    /**
     * What is drawn.
     *
     * @param x steps, rising
     * @param y values
     */
    record Points(List<Long> x, List<Double> y) {}

    private List<Stretch> stretches = new ArrayList<>();
    private int width = 1;
    private long lastStep;
    private double lastValue;

    /** @param value finite */
    void add(long step, double value) {
        lastStep = step;
        lastValue = value;
        Stretch point = new Stretch(1, step, value, step, value);
        int last = stretches.size() - 1;
        if (last >= 0 && stretches.get(last).points() < width) {
            stretches.set(last, stretches.get(last).with(point));
            return;
        }
        if (stretches.size() == STRETCHES) {
            halve();
        }
        stretches.add(point);
    }

    private void halve() {
        List<Stretch> halved = new ArrayList<>(STRETCHES);
        for (int i = 0; i + 1 < stretches.size(); i += 2) {
            halved.add(stretches.get(i).with(stretches.get(i + 1)));
        }
        stretches = halved;
        width *= 2;
    }

    /** In the order of the steps; ends with the newest value. */
    Points points() {
        List<Long> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        for (Stretch s : stretches) {
            boolean lowFirst = s.lowStep() <= s.highStep();
            put(x, y, lowFirst ? s.lowStep() : s.highStep(), lowFirst ? s.low() : s.high());
            put(x, y, lowFirst ? s.highStep() : s.lowStep(), lowFirst ? s.high() : s.low());
        }
        put(x, y, lastStep, lastValue);
        return new Points(x, y);
    }

    private static void put(List<Long> x, List<Double> y, long step, double value) {
        if (x.isEmpty() || x.get(x.size() - 1) < step) {
            x.add(step);
            y.add(value);
        }
    }
}

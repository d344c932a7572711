package dev.flipside.hub;

import java.util.ArrayList;
import java.util.List;

/** A listener that keeps the lines. */
final class Lines implements TransferListener {
    final List<String> lines = new ArrayList<>();
    final List<Long> positions = new ArrayList<>();
    long there;
    long total;

    @Override
    public void begin(String task, long bytes, long alreadyThere) {
        lines.add(task);
        total = bytes;
        there = alreadyThere;
    }

    @Override
    public void at(long done, String file) {
        positions.add(done);
    }

    @Override
    public void message(String line) {
        lines.add(line);
    }
}

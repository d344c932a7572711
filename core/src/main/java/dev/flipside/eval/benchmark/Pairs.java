package dev.flipside.eval.benchmark;

import dev.flipside.config.UserError;
import dev.flipside.data.Margin;
import dev.flipside.data.Preference;
import dev.flipside.data.PreferenceData;
import dev.flipside.data.Row;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Any preference file: the share of pairs whose chosen reply has the higher reward. */
record Pairs() implements BenchmarkRule {
    private static final String GROUP = "pairs";

    @Override
    public String shape() {
        return "chosen and rejected, with or without prompt";
    }

    @Override
    public String tieRule() {
        return "a tie is wrong";
    }

    /** Preference files are read whole, see {@link #items}: which pairs are usable is not a row's own business. */
    @Override
    public BenchmarkItem item(Path file, Row row) {
        throw new IllegalStateException("preference files are read whole");
    }

    /** The usable pairs of a file of any shape that {@link PreferenceData} accepts. */
    static List<BenchmarkItem> items(Path file) {
        PreferenceData data = PreferenceData.read(file, new Margin.None());
        List<BenchmarkItem> items = new ArrayList<>();
        for (Preference pair : data.pairs()) {
            items.add(BenchmarkItem.of(
                    file.getFileName() + ":" + (items.size() + 1),
                    GROUP,
                    List.of(),
                    pair.prompt(),
                    List.of(pair.chosen()),
                    List.of(pair.rejected())));
        }
        if (items.isEmpty()) {
            throw new UserError(file + " has no usable pair.");
        }
        return items;
    }

    /** As in training, a pair of which both replies are the same tokens is left out. */
    @Override
    public boolean counts(ScoredItem item) {
        return item.isScored() && item.alike().isEmpty();
    }

    @Override
    public List<Unit> units(List<ScoredItem> items) {
        return items.stream().map(item -> Unit.of(item, GROUP, item.accuracy())).toList();
    }

    @Override
    public List<Metric> metrics(Means means) {
        return List.of(Metric.of("accuracy", means, GROUP, 0));
    }
}

package dev.flipside.model;

import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/**
 * Norms of updated weights, which DoRA divides by, without gradient: kept while an adapter's weights stay as they are.
 * Live outside every scope until {@link #close}.
 */
final class RowNorms implements LowRank.Norms, AutoCloseable {
    private final Parameters adapter;
    private final Map<String, Tensor> byModule = new HashMap<>();
    private long version = -1;

    /** @param adapter whose changes make them void */
    RowNorms(Parameters adapter) {
        this.adapter = adapter;
    }

    @Override
    public Tensor of(LowRank term, Tensor weight) {
        return of(term.module().name(), () -> term.norms(weight));
    }

    /** @param made outside every scope, where they are not known */
    synchronized Tensor of(String module, Supplier<Tensor> made) {
        if (version != adapter.version()) {
            close();
            version = adapter.version();
        }
        return byModule.computeIfAbsent(module, m -> made.get());
    }

    @Override
    public synchronized void close() {
        byModule.values().forEach(Scopes::release);
        byModule.clear();
    }
}

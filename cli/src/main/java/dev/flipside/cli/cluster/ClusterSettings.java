package dev.flipside.cli.cluster;

import java.util.Map;

/**
 * Which cluster, and how it is used.
 *
 * @param master as Spark names it, such as {@code local[2]} or {@code spark://host:7077}
 * @param conf Spark's own settings by their names
 * @param threads for every executor, 0 where the command line says nothing
 */
public record ClusterSettings(String master, Map<String, String> conf, int threads) {
    public ClusterSettings {
        conf = Map.copyOf(conf);
    }
}

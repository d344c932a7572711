package dev.flipside.spark;

import org.apache.spark.Partitioner;

/**
 * Puts rows into partitions by their places, so that rows that are computed at once stay together and partitions are in
 * the order of the rows.
 */
final class RowParts extends Partitioner {
    private static final long serialVersionUID = 1;

    private final long parts;
    private final int atATime;
    private final int partitions;

    /**
     * @param rows how many there are
     * @param atATime rows that are computed at once
     * @param most partitions
     */
    RowParts(long rows, int atATime, int most) {
        this.parts = Math.max(1, (rows + atATime - 1) / atATime);
        this.atATime = atATime;
        this.partitions = (int) Math.max(1, Math.min(parts, most));
    }

    @Override
    public int numPartitions() {
        return partitions;
    }

    @Override
    public int getPartition(Object place) {
        return (int) ((Long) place / atATime * partitions / parts);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RowParts o && o.parts == parts && o.atATime == atATime && o.partitions == partitions;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(parts) * 31 + atATime;
    }
}

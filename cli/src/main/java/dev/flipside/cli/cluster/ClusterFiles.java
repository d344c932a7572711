package dev.flipside.cli.cluster;

/**
 * What a command over rows reads and writes on a cluster.
 *
 * @param input a file or a folder of part files, on any file system that the cluster knows
 * @param output the folder of part files to make
 */
public record ClusterFiles(String input, String output) {}

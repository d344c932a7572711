package dev.flipside.cli.report;

/** A whole configuration: where it is, and its YAML. */
record ShownConfig(String name, String yaml) {}

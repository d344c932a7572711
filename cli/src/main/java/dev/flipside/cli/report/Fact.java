package dev.flipside.cli.report;

/** A term and what it is. */
record Fact(String term, String text) {}

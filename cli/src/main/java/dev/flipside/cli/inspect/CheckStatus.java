package dev.flipside.cli.inspect;

/** How a check came out. */
enum CheckStatus {
    OK,
    /** Works, but may surprise. */
    NOTE,
    /** The run would fail or mislead. */
    PROBLEM
}

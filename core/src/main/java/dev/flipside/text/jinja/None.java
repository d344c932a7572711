package dev.flipside.text.jinja;

/** Python's {@code None}. */
enum None {
    NONE
}

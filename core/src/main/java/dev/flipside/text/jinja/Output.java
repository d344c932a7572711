package dev.flipside.text.jinja;

/** Text as it is written, with a bound: templates are untrusted. */
final class Output {
    private final StringBuilder text = new StringBuilder();

    void write(String more) {
        text.append(more);
        Arithmetic.requireLength(text.length());
    }

    String text() {
        return text.toString();
    }
}

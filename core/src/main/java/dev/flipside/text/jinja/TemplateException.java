package dev.flipside.text.jinja;

/** A template that cannot be parsed or rendered, or that refuses what it is given. */
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final boolean refusal;

    private TemplateException(String message, int line, boolean refusal) {
        super(message);
        this.line = line;
        this.refusal = refusal;
    }

    /** An error whose line is not known yet; see {@link #at}. */
    static TemplateException of(String message) {
        return new TemplateException(message, 0, false);
    }

    /** What a template says with {@code raise_exception}. */
    static TemplateException refusal(String message) {
        return new TemplateException(message, 0, true);
    }

    /** This error at a line, unless it has one: the innermost construct names it. */
    TemplateException at(int number) {
        return line > 0 ? this : new TemplateException(getMessage(), number, refusal);
    }

    /** The line of the template, counted from 1; 0 when unknown. */
    public int line() {
        return line;
    }

    /** Whether the template itself refused its input with {@code raise_exception}, rather than failed. */
    public boolean isRefusal() {
        return refusal;
    }
}

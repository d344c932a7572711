package dev.flipside.text.jinja;

/**
 * A name, attribute or element that is not there: empty when printed or looped over, an error when anything else is
 * done with it.
 *
 * @param reason what that error says
 */
record Undefined(String reason) {
    static Undefined name(String name) {
        return new Undefined("'" + name + "' is undefined");
    }

    TemplateException used() {
        return TemplateException.of(reason);
    }
}

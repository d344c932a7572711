package dev.flipside.text.jinja;

/** What parentheses call: a macro, a function, a bound method. */
@FunctionalInterface
interface Callable {
    Object call(Arguments arguments);
}

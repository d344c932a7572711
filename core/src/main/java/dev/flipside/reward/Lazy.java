package dev.flipside.reward;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** A value that is made when it is first asked for: a function that is only looked at starts nothing. */
final class Lazy<T> {
    private final Supplier<T> maker;
    private Optional<T> made = Optional.empty();

    Lazy(Supplier<T> maker) {
        this.maker = maker;
    }

    synchronized T get() {
        T value = made.orElseGet(maker);
        made = Optional.of(value);
        return value;
    }

    /** Does something with the value if there is one, and forgets it. */
    synchronized void end(Consumer<T> ending) {
        made.ifPresent(ending);
        made = Optional.empty();
    }
}

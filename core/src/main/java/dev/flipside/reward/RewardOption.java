package dev.flipside.reward;

import java.util.Optional;

/**
 * An option of a reward function, as {@link RewardOptions} reads it and {@code flipside rewards} lists it.
 *
 * @param <T> what its value is for the function
 * @param name as configurations write it
 * @param standard what holds where it is not given; empty where nothing does
 * @param required whether it must be given
 * @param meaning in one or two sentences
 */
public record RewardOption<T>(String name, OptionType<T> type, Optional<T> standard, boolean required, String meaning) {
    /** One that need not be given. */
    public static <T> RewardOption<T> of(String name, OptionType<T> type, T standard, String meaning) {
        return new RewardOption<>(name, type, Optional.of(standard), false, meaning);
    }

    /** One that must be given. */
    public static <T> RewardOption<T> required(String name, OptionType<T> type, String meaning) {
        return new RewardOption<>(name, type, Optional.empty(), true, meaning);
    }

    /** One without which something is left out. */
    public static <T> RewardOption<T> optional(String name, OptionType<T> type, String meaning) {
        return new RewardOption<>(name, type, Optional.empty(), false, meaning);
    }

    /** The default as a configuration would write it: {@code required} or {@code -} where there is none. */
    public String shownDefault() {
        return required
                ? "required"
                : standard.map(value -> String.valueOf(value).replaceFirst("^(-?\\d+)\\.0$", "$1"))
                        .orElse("-");
    }
}

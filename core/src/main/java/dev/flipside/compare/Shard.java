package dev.flipside.compare;

import dev.flipside.config.UserError;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * A share of a comparison's seeds, so that several machines can run one comparison: every {@code count}-th seed,
 * beginning with number {@code number}.
 *
 * @param number 1 for the first share
 * @param count of shares
 */
public record Shard(int number, int count) {
    /** All seeds. */
    public static final Shard WHOLE = new Shard(1, 1);

    private static final Pattern TEXT = Pattern.compile("(\\d{1,6})/(\\d{1,6})");

    public Shard {
        if (number < 1 || number > count) {
            throw new UserError("--shard " + number + "/" + count + ": there is no such share; of " + count
                    + ", the first is 1/" + count + " and the last " + count + "/" + count + ".");
        }
    }

    /** Reads {@code i/n}. */
    public static Shard parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw new UserError("--shard '" + text + "' is not a share; the first of four is 1/4.");
        }
        return new Shard(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
    }

    /** The share's items, in their order. */
    public <T> List<T> of(List<T> items) {
        return IntStream.range(0, items.size())
                .filter(i -> i % count == number - 1)
                .mapToObj(items::get)
                .toList();
    }

    @Override
    public String toString() {
        return number + "/" + count;
    }
}

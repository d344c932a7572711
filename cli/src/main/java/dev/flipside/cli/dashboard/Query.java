package dev.flipside.cli.dashboard;

import dev.flipside.config.UserError;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** What stands behind the question mark of an address. */
final class Query {
    private Query() {}

    /**
     * Values by name.
     *
     * @param raw as it was sent
     * @throws UserError when it is not encoded as forms are
     */
    static Map<String, List<String>> of(Optional<String> raw) {
        Map<String, List<String>> query = new LinkedHashMap<>();
        try {
            for (String part : raw.orElse("").split("&")) {
                if (!part.isEmpty()) {
                    int equals = part.indexOf('=');
                    String name = equals < 0 ? part : part.substring(0, equals);
                    String value = equals < 0 ? "" : part.substring(equals + 1);
                    query.computeIfAbsent(decoded(name), k -> new ArrayList<>()).add(decoded(value));
                }
            }
        } catch (IllegalArgumentException e) {
            throw new UserError("The address is not encoded as a form.", e);
        }
        return query;
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    /** All values of a name. */
    static List<String> all(Map<String, List<String>> query, String name) {
        return query.getOrDefault(name, List.of());
    }

    /** The first value of a name; empty for none. */
    static String first(Map<String, List<String>> query, String name) {
        return all(query, name).stream().findFirst().orElse("");
    }

    /** @throws UserError when the value is no whole number */
    static OptionalLong number(Map<String, List<String>> query, String name) {
        String value = first(query, name);
        if (value.isEmpty()) {
            return OptionalLong.empty();
        }
        if (!value.matches("[0-9]{1,18}")) {
            throw new UserError(name + " is no whole number.");
        }
        return OptionalLong.of(Long.parseLong(value));
    }
}

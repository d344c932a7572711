package dev.flipside.eval.ifeval;

import dev.flipside.config.UserError;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * The arguments of one instruction, as its data row gives them ({@code kwargs}).
 *
 * @param instruction its id, for errors
 * @param values by name; null is absent
 */
record Arguments(String instruction, Map<String, Object> values) {

    /** @throws UserError when it is absent or no text */
    String text(String name) {
        if (values.get(name) instanceof String text && !text.isEmpty()) {
            return text;
        }
        throw error(name, "a text");
    }

    /** @throws UserError when it is absent, empty or holds something else than texts */
    List<String> texts(String name) {
        List<String> texts = new ArrayList<>();
        if (values.get(name) instanceof List<?> list && !list.isEmpty()) {
            for (Object value : list) {
                if (!(value instanceof String text)) {
                    throw error(name, "a list of texts");
                }
                texts.add(text);
            }
            return texts;
        }
        throw error(name, "a list of texts");
    }

    /** @throws UserError when it is absent or no whole number of at least {@code lowest} */
    int count(String name, int lowest) {
        if (values.get(name) instanceof Number number
                && number.doubleValue() == Math.rint(number.doubleValue())
                && number.doubleValue() >= lowest
                && number.doubleValue() <= Integer.MAX_VALUE) {
            return number.intValue();
        }
        throw error(name, "a whole number of at least " + lowest);
    }

    /** @throws UserError when it is neither comparison */
    Relation relation(String name) {
        for (Relation relation : Relation.values()) {
            if (relation.text().equals(values.get(name))) {
                return relation;
            }
        }
        throw error(name, "'less than' or 'at least'");
    }

    /** A pattern that a word of the data is part of: the published checkers read their words as regular expressions. */
    Pattern pattern(String name, String expression, int flags) {
        try {
            return Pattern.compile(expression, flags | PythonText.FLAGS);
        } catch (PatternSyntaxException e) {
            throw error(name, "a text that is also a regular expression");
        }
    }

    private UserError error(String name, String needed) {
        return new UserError("The instruction " + instruction + " has " + name + " = " + values.get(name)
                + " among its kwargs, it needs " + needed + " there.");
    }
}

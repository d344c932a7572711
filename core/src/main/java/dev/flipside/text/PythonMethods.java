package dev.flipside.text;

import java.beans.FeatureDescriptor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;
import jinjava.javax.el.MethodNotFoundException;

/**
 * The methods of Python's {@code str} that chat templates call. They stand before Java's own, which differ ({@code split} would take a regular expression);
 * a method that is not here is an error, so that nothing of {@link String} is reachable from a template.
 */
final class PythonMethods extends ELResolver {

    @Override
    public Object invoke(ELContext context, Object base, Object method, Class<?>[] types, Object[] arguments) {
        if (!(base instanceof String text)) {
            return null; // not resolved here: the next resolver is asked
        }
        Object result = call(text, String.valueOf(method), arguments == null ? new Object[0] : arguments);
        context.setPropertyResolved(true);
        return result;
    }

    private static Object call(String text, String method, Object[] arguments) {
        int count = arguments.length;
        String first = count > 0 ? String.valueOf(arguments[0]) : "";
        return switch (method + "/" + count) {
            case "startswith/1" -> text.startsWith(first);
            case "endswith/1" -> text.endsWith(first);
            case "strip/0" -> text.strip();
            case "lstrip/0" -> text.stripLeading();
            case "rstrip/0" -> text.stripTrailing();
            case "strip/1" -> stripLeft(stripRight(text, first), first);
            case "lstrip/1" -> stripLeft(text, first);
            case "rstrip/1" -> stripRight(text, first);
            case "upper/0" -> text.toUpperCase(Locale.ROOT);
            case "lower/0" -> text.toLowerCase(Locale.ROOT);
            case "capitalize/0" -> capitalised(text);
            case "title/0" -> titled(text);
            case "replace/2" -> text.replace(first, String.valueOf(arguments[1]));
            case "find/1" -> (long) text.indexOf(first);
            case "split/0" -> List.of(text.strip().split("\\s+"));
            case "split/1" -> split(text, first);
            case "join/1" -> join(text, arguments[0]);
            default ->
                throw new MethodNotFoundException(
                        "the string method " + method + " with " + count + " arguments is not supported");
        };
    }

    private static String stripLeft(String text, String characters) {
        int start = 0;
        while (start < text.length() && characters.indexOf(text.charAt(start)) >= 0) {
            start++;
        }
        return text.substring(start);
    }

    private static String stripRight(String text, String characters) {
        int end = text.length();
        while (end > 0 && characters.indexOf(text.charAt(end - 1)) >= 0) {
            end--;
        }
        return text.substring(0, end);
    }

    private static String capitalised(String text) {
        return text.isEmpty()
                ? text
                : text.substring(0, 1).toUpperCase(Locale.ROOT)
                        + text.substring(1).toLowerCase(Locale.ROOT);
    }

    private static String titled(String text) {
        StringBuilder out = new StringBuilder();
        boolean inWord = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            out.append(inWord ? Character.toLowerCase(c) : Character.toUpperCase(c));
            inWord = Character.isLetter(c);
        }
        return out.toString();
    }

    private static List<String> split(String text, String separator) {
        if (separator.isEmpty()) {
            throw new IllegalArgumentException("empty separator");
        }
        List<String> parts = new ArrayList<>();
        int start = 0;
        for (int at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, start)) {
            parts.add(text.substring(start, at));
            start = at + separator.length();
        }
        parts.add(text.substring(start));
        return parts;
    }

    private static String join(String separator, Object parts) {
        if (!(parts instanceof Iterable<?> iterable)) {
            throw new IllegalArgumentException("join needs a list");
        }
        return StreamSupport.stream(iterable.spliterator(), false)
                .map(String::valueOf)
                .collect(Collectors.joining(separator));
    }

    // Properties (text[1:], text.length) stay with the resolver that follows.

    @Override
    public Object getValue(ELContext context, Object base, Object property) {
        return null;
    }

    @Override
    public Class<?> getType(ELContext context, Object base, Object property) {
        return null;
    }

    @Override
    public void setValue(ELContext context, Object base, Object property, Object value) {
        // Not resolved here; templates cannot set properties of strings.
    }

    @Override
    public boolean isReadOnly(ELContext context, Object base, Object property) {
        return true;
    }

    @Override
    public Iterator<FeatureDescriptor> getFeatureDescriptors(ELContext context, Object base) {
        return Collections.emptyIterator();
    }

    @Override
    public Class<?> getCommonPropertyType(ELContext context, Object base) {
        return Object.class;
    }
}

package dev.flipside.eval.ifeval;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Marks, sections, wrappings, beginnings and ends of a response. */
final class FormatChecks {
    private static final int LINES = PythonText.FLAGS | Pattern.MULTILINE;
    private static final Pattern PLACEHOLDER = Pattern.compile("\\[.*?\\]", PythonText.FLAGS);
    private static final Pattern STAR_BULLET = Pattern.compile("^\\s*+\\*[^\\*].*$", LINES);
    private static final Pattern DASH_BULLET = Pattern.compile("^\\s*+-.*$", LINES);
    private static final Pattern HIGHLIGHT = Pattern.compile("\\*[^\\n\\*]*\\*");
    private static final Pattern STRONG_HIGHLIGHT = Pattern.compile("\\*\\*[^\\n\\*]*\\*\\*");
    private static final Pattern TITLE = Pattern.compile("<<[^\\n]+>>");
    private static final List<String> OPTIONS = List.of("My answer is yes.", "My answer is no.", "My answer is maybe.");

    /**
     * Python's reader takes NaN and Infinity, any depth that its stack allows, and whole numbers of up to 4,300 digits.
     */
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNumberLength(4300)
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private FormatChecks() {}

    static Predicate<String> placeholders(Arguments arguments) {
        int wanted = arguments.count("num_placeholders", 0);
        return response -> PLACEHOLDER.matcher(response).results().count() >= wanted;
    }

    static Predicate<String> postscript(Arguments arguments) {
        String marker = PythonText.strip(arguments.text("postscript_marker"));
        String expression =
                switch (marker) {
                    case "P.P.S" -> "p\\.\\s?p\\.\\s?s.*$";
                    case "P.S." -> "p\\.\\s?s\\..*$";
                    default -> marker.toLowerCase(Locale.ROOT) + ".*$";
                };
        Pattern postscript = arguments.pattern("postscript_marker", expression, Pattern.MULTILINE);
        return response -> postscript.matcher(response.toLowerCase(Locale.ROOT)).find();
    }

    static Predicate<String> bullets(Arguments arguments) {
        int wanted = arguments.count("num_bullets", 0);
        return response -> STAR_BULLET.matcher(response).results().count()
                        + DASH_BULLET.matcher(response).results().count()
                == wanted;
    }

    static Predicate<String> constrained() {
        return response -> OPTIONS.stream().anyMatch(PythonText.strip(response)::contains);
    }

    /** Parts between stars and parts between double stars, blank ones aside. */
    static Predicate<String> highlights(Arguments arguments) {
        int wanted = arguments.count("num_highlights", 0);
        return response -> {
            long single = filled(HIGHLIGHT, response);
            long strong = filled(STRONG_HIGHLIGHT, response);
            return single + strong >= wanted;
        };
    }

    private static long filled(Pattern highlight, String response) {
        return highlight
                .matcher(response)
                .results()
                .map(MatchResult::group)
                .filter(part -> !PythonText.isBlank(part.replace("*", "")))
                .count();
    }

    static Predicate<String> sections(Arguments arguments) {
        int wanted = arguments.count("num_sections", 0);
        Pattern heading = arguments.pattern(
                "section_spliter", "\\s?" + PythonText.strip(arguments.text("section_spliter")) + "\\s?\\d+\\s?", 0);
        return response -> heading.matcher(response).results().count() >= wanted;
    }

    /** One JSON value, with or without a fence around it. */
    static Predicate<String> json() {
        return response -> {
            String text = PythonText.strip(response);
            for (String fence : List.of("```json", "```Json", "```JSON", "```")) {
                text = PythonText.removePrefix(text, fence);
            }
            return isJson(PythonText.strip(PythonText.removeSuffix(text, "```")));
        };
    }

    private static boolean isJson(String text) {
        try (JsonParser parser = JSON.createParser(text)) {
            JsonToken token = parser.nextToken();
            if (token == null) {
                return false;
            }
            int depth = 0;
            do {
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                // Jackson also takes INF and a plus sign.
                if (token == JsonToken.VALUE_NUMBER_FLOAT && parser.getText().matches("\\+.*|-?INF")) {
                    return false;
                }
                token = parser.nextToken();
            } while (depth > 0 && token != null);
            return depth == 0 && token == null;
        } catch (IOException e) {
            return false;
        }
    }

    static Predicate<String> title() {
        return response -> TITLE.matcher(response)
                .results()
                .map(MatchResult::group)
                .anyMatch(title -> !PythonText.isBlank(PythonText.stripRight(PythonText.stripLeft(title, '<'), '>')));
    }

    static Predicate<String> twoResponses() {
        return response -> {
            String[] parts = response.split("\\*{6}", -1);
            List<String> filled = Arrays.stream(parts)
                    .map(PythonText::strip)
                    .filter(part -> !part.isEmpty())
                    .toList();
            for (int i = 1; i < parts.length - 1; i++) {
                if (PythonText.isBlank(parts[i])) {
                    return false;
                }
            }
            return filled.size() == 2 && !filled.get(0).equals(filled.get(1));
        };
    }

    static Predicate<String> repeatPrompt(Arguments arguments) {
        String prompt = PythonText.strip(arguments.text("prompt_to_repeat")).toLowerCase(Locale.ROOT);
        return response -> PythonText.strip(response).toLowerCase(Locale.ROOT).startsWith(prompt);
    }

    static Predicate<String> end(Arguments arguments) {
        String phrase = PythonText.strip(arguments.text("end_phrase")).toLowerCase(Locale.ROOT);
        return response -> PythonText.stripRight(PythonText.stripLeft(PythonText.strip(response), '"'), '"')
                .toLowerCase(Locale.ROOT)
                .endsWith(phrase);
    }

    static Predicate<String> quotation() {
        return response -> {
            String text = PythonText.strip(response);
            return text.length() > 1 && text.startsWith("\"") && text.endsWith("\"");
        };
    }
}

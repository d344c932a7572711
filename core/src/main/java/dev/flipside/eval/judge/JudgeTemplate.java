package dev.flipside.eval.judge;

import dev.flipside.config.BoundedFile;
import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.text.Message;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The wording of a question to a judge, with placeholders such as {@code {instruction}}.
 *
 * <p>Turns stand between {@code <|im_start|>ROLE} and {@code <|im_end|>}, which is how alpaca_eval keeps its own; a
 * text without these marks is one user message. Braces around anything that is not a placeholder stay as they are, and
 * a value that looks like a placeholder is not filled again.
 */
public final class JudgeTemplate {
    private static final Pattern TURN =
            Pattern.compile("<\\|im_start\\|>\\s*(\\w+)[^\\S\\n]*\\n(.*?)\\s*<\\|im_end\\|>", Pattern.DOTALL);
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{(\\w+)}");

    private final List<Message> turns;

    private JudgeTemplate(List<Message> turns) {
        this.turns = turns;
    }

    /** A template of this package. */
    static JudgeTemplate own(String name) {
        try (InputStream in = JudgeTemplate.class.getResourceAsStream(name)) {
            return new JudgeTemplate(parse(new String(in.readAllBytes(), StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A template of the user's.
     *
     * @param placeholders all of these must occur
     * @throws UserError when the file cannot be read or lacks one
     */
    public static JudgeTemplate read(Path file, List<String> placeholders) {
        String text;
        try {
            text = BoundedFile.text(file);
        } catch (IOException e) {
            throw new UserError(
                    "The judge's template " + file + " cannot be read (" + IoReason.of(e) + "); check the path.", e);
        }
        for (String name : placeholders) {
            if (!text.contains("{" + name + "}")) {
                throw new UserError("The judge's template " + file + " has no {" + name
                        + "}, so the judge would not see it; it needs {" + String.join("}, {", placeholders) + "}.");
            }
        }
        return new JudgeTemplate(parse(text));
    }

    private static List<Message> parse(String text) {
        List<Message> turns = new ArrayList<>();
        Matcher turn = TURN.matcher(text);
        while (turn.find()) {
            turns.add(new Message(turn.group(1), turn.group(2)));
        }
        return turns.isEmpty() ? List.of(Message.user(text.strip())) : turns;
    }

    /** The messages with every placeholder that {@code values} knows filled in. */
    public List<Message> fill(Map<String, String> values) {
        return turns.stream()
                .map(turn -> new Message(
                        turn.role(),
                        PLACEHOLDER
                                .matcher(turn.content())
                                .replaceAll(found ->
                                        Matcher.quoteReplacement(values.getOrDefault(found.group(1), found.group())))))
                .toList();
    }
}

package dev.flipside.eval.judge;

import com.fasterxml.jackson.databind.JsonNode;
import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import dev.flipside.config.UserError;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An answer's style as Arena-Hard counts it (arena-hard-auto, {@code utils/add_markdown_info.py}).
 *
 * @param tokens length in tokens of OpenAI's {@code o200k_base}
 * @param headers Markdown headers of any level
 * @param lists items of ordered and unordered lists
 * @param bold bold passages
 */
public record StyleFeatures(int tokens, int headers, int lists, int bold) {
    private static final String SPACE = "[\\s\\x1c-\\x1f]";
    private static final Pattern CODE = Pattern.compile("```([^`]*)```");
    private static final Pattern HEADER = lines("^#{1,6}" + SPACE);
    private static final Pattern ORDERED = lines("^" + SPACE + "*\\d+\\." + SPACE);
    private static final Pattern UNORDERED = lines("^" + SPACE + "*[-*+]" + SPACE);
    private static final Pattern STARS = Pattern.compile("\\*\\*[^*\\n]+\\*\\*");
    private static final Pattern UNDERSCORES = Pattern.compile("__[^_\\n]+__");
    private static final Encoding O200K = Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.O200K_BASE);

    /** Counts an answer; what stands in code blocks is not counted as Markdown. */
    public static StyleFeatures of(String answer) {
        String prose = withoutCode(answer);
        return new StyleFeatures(
                O200K.countTokensOrdinary(answer),
                count(HEADER, prose),
                count(ORDERED, prose) + count(UNORDERED, prose),
                count(STARS, prose) + count(UNDERSCORES, prose));
    }

    /**
     * The counts that a native answer file carries: {@code token_len}, {@code header_count}, {@code list_count},
     * {@code bold_count}, each a number or an object of numbers.
     *
     * @param where the answer's place, for errors
     */
    public static StyleFeatures ofMetadata(JsonNode metadata, String where) {
        return new StyleFeatures(
                total(metadata, "token_len", where),
                total(metadata, "header_count", where),
                total(metadata, "list_count", where),
                total(metadata, "bold_count", where));
    }

    private static int total(JsonNode metadata, String name, String where) {
        JsonNode count = metadata.path(name);
        if (count.isIntegralNumber()) {
            return count.asInt();
        }
        int sum = 0;
        for (JsonNode part : count) {
            sum += part.asInt();
        }
        if (!count.isObject() || count.isEmpty()) {
            throw new UserError(where + " has 'metadata' without a number in '" + name
                    + "'; remove the metadata to have the answer counted here.");
        }
        return sum;
    }

    /** The authors remove what stands between the fences, wherever it stands in the answer, and leave the fences. */
    private static String withoutCode(String answer) {
        List<String> blocks = new ArrayList<>();
        Matcher code = CODE.matcher(answer);
        while (code.find()) {
            blocks.add(code.group(1));
        }
        String prose = answer;
        for (String block : blocks) {
            prose = prose.replace(block, "");
        }
        return prose;
    }

    /** Python's ^ in MULTILINE stands behind a line feed only, and its classes are Unicode's. */
    private static Pattern lines(String regex) {
        return Pattern.compile(regex, Pattern.MULTILINE | Pattern.UNIX_LINES | Pattern.UNICODE_CHARACTER_CLASS);
    }

    private static int count(Pattern pattern, String text) {
        return (int) pattern.matcher(text).results().count();
    }
}

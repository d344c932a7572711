package dev.flipside.eval.policy;

import dev.flipside.data.PlainText;
import dev.flipside.data.Row;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * GSM8K (Cobbe et al., arXiv 2110.14168): rows {@code question} and {@code answer}, whose last line is {@code #### N}.
 *
 * <p>Two marks, as lm-evaluation-harness 0.4.9 defines them: {@code strict_match} takes the first number after
 * {@code ####}, {@code flexible_extract} the last number of the completion; each is compared as text with the
 * reference, without commas, dollar signs and a final full stop.
 */
public final class Gsm8k {
    /** Asks for the form that the strict mark needs. */
    public static final PromptTemplate TEMPLATE = new PromptTemplate(
            "{question}\n\nSolve this step by step. End with a line that holds only #### and the answer as a number, such as: #### 42");

    private static final Pattern STRICT = Pattern.compile("#### (-?[0-9.,]+)");
    private static final Pattern NUMBER = Pattern.compile("(-?[$0-9.,]{2,})|(-?[0-9]+)");

    private Gsm8k() {}

    /**
     * The items in the rows' order; an id is the row's {@code id}, or else its number from 1.
     *
     * @throws dev.flipside.config.UserError when a row lacks a column, or its answer the number
     */
    public static List<VerifiableItem> items(List<Row> rows, PromptTemplate template) {
        List<VerifiableItem> items = new ArrayList<>();
        for (Row row : rows) {
            String id = row.find("id").map(value -> PlainText.of(value)).orElse(String.valueOf(items.size() + 1));
            String reference = row.requireText("answer");
            if (!reference.contains("#### ")) {
                throw row.error("has a column 'answer' without '#### ' before the number");
            }
            PolicyPrompt prompt = new PolicyPrompt(id, template.prompt(row.requireText("question")));
            items.add(new VerifiableItem(prompt, completion -> mark(completion, reference)));
        }
        return VerifiableItem.requireUnique(items);
    }

    static Marks mark(String completion, String reference) {
        String wanted = bare(reference);
        Optional<String> strict = strictAnswer(completion);
        Optional<String> flexible = flexibleAnswer(completion);
        Map<String, Score> scores = new LinkedHashMap<>();
        scores.put("strict_match", Score.of(strict.map(Gsm8k::bare).equals(Optional.of(wanted))));
        scores.put("flexible_extract", Score.of(flexible.map(Gsm8k::bare).equals(Optional.of(wanted))));
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("reference", wanted);
        details.put("strict_answer", strict.orElse(null));
        details.put("flexible_answer", flexible.orElse(null));
        return new Marks(scores, Map.of(), details);
    }

    private static Optional<String> strictAnswer(String completion) {
        Matcher matcher = STRICT.matcher(completion);
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private static Optional<String> flexibleAnswer(String completion) {
        Optional<String> last = Optional.empty();
        Matcher matcher = NUMBER.matcher(completion);
        while (matcher.find()) {
            last = Optional.of(matcher.group());
        }
        return last;
    }

    private static String bare(String answer) {
        int mark = answer.lastIndexOf("#### ");
        return answer.substring(mark < 0 ? 0 : mark + "#### ".length())
                .replace(",", "")
                .replace("$", "")
                .replaceAll("\\.$", "")
                .toLowerCase(Locale.ROOT);
    }
}

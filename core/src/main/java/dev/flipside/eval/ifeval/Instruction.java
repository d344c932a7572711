package dev.flipside.eval.ifeval;

import dev.flipside.config.UserError;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * One instruction of an IFEval prompt, as google-research's instruction_following_eval checks it.
 *
 * <p>The words of {@code kwargs} are read as regular expressions there, and so they are here. Where the published
 * checker would draw a missing or unusable argument at random, there is an error instead, except for a letter that is
 * none: its occurrences are counted.
 */
public final class Instruction {
    private final String id;
    private final Predicate<String> check;

    private Instruction(String id, Predicate<String> check) {
        this.id = id;
        this.check = check;
    }

    /**
     * The instruction with that id.
     *
     * @param kwargs its arguments by name; null is absent
     * @throws UserError when there is no such instruction, or an argument is absent or of the wrong kind
     */
    public static Instruction of(String id, Map<String, Object> kwargs) {
        InstructionType type = InstructionType.find(id)
                .orElseThrow(() -> new UserError("There is no IFEval instruction '" + id
                        + "'; the 25 of the published data are known, such as punctuation:no_comma."));
        return new Instruction(id, type.check(new Arguments(id, kwargs)));
    }

    public String id() {
        return id;
    }

    /** Whether the response follows the instruction; an empty one follows none. */
    public boolean followedStrictly(String response) {
        return !PythonText.isBlank(response) && check.test(response);
    }

    /** Whether one of eight variants of the response follows it: with and without stars, first line and last line. */
    public boolean followedLoosely(String response) {
        return variants(response).stream().anyMatch(this::followedStrictly);
    }

    private static Set<String> variants(String response) {
        int first = response.indexOf('\n');
        int last = response.lastIndexOf('\n');
        String withoutFirst = first < 0 ? "" : response.substring(first + 1);
        String withoutLast = last < 0 ? "" : response.substring(0, last);
        String withoutBoth = first == last ? "" : response.substring(first + 1, last);
        Set<String> variants = new LinkedHashSet<>();
        for (String variant : new String[] {
            response, PythonText.strip(withoutFirst), PythonText.strip(withoutLast), PythonText.strip(withoutBoth)
        }) {
            variants.add(variant);
            variants.add(variant.replace("*", ""));
        }
        return variants;
    }
}

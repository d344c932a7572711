package dev.flipside.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Short requests, each with one constraint that one of IFEval's checkers verifies (Zhou et al., arXiv 2311.07911).
 *
 * <p>A constraint is among them because SmolLM2-135M-Instruct obeys it now and then: at temperature 1, of 48 answers of
 * at most 96 tokens to requests about other subjects, it was 21 to 58 % (docs/data.md). So samples of one prompt
 * differ, and there is something to learn.
 */
final class InstructionPrompts {
    private static final List<String> SUBJECTS = List.of(
            "lemons",
            "bridges",
            "chess",
            "rivers",
            "horses",
            "cheese",
            "umbrellas",
            "maps",
            "candles",
            "beaches",
            "lions",
            "soup",
            "painting",
            "the sun",
            "mountains",
            "letters",
            "shoes",
            "roses",
            "planes",
            "salt",
            "clocks",
            "dancing",
            "potatoes",
            "islands",
            "bees",
            "chairs",
            "autumn",
            "honey",
            "libraries",
            "wolves",
            "kites",
            "markets",
            "swimming",
            "owls",
            "bicycle bells",
            "clouds",
            "theatres",
            "carrots",
            "lamps",
            "farms");
    private static final List<String> REQUESTS = List.of(
            "Write one short sentence about %s.",
            "Say in one or two sentences what you like about %s.",
            "Give one tip about %s.",
            "Tell me a short fact about %s.",
            "Describe %s in a few words.",
            "Why do people like %s? Answer briefly.");

    /**
     * What a request asks besides.
     *
     * @param name in column {@code constraint}
     * @param sentence how it is asked
     * @param id of IFEval's instruction
     * @param kwargs its arguments
     * @param taught whether the pairs of task {@code stale} have it
     */
    private record Constraint(String name, String sentence, String id, Map<String, Object> kwargs, boolean taught) {}

    private static final List<Constraint> CONSTRAINTS = List.of(
            new Constraint("no_comma", "Do not use any commas.", "punctuation:no_comma", Map.of(), true),
            new Constraint(
                    "few_words",
                    "Use less than 10 words.",
                    "length_constraints:number_words",
                    Map.of("num_words", 10, "relation", "less than"),
                    true),
            new Constraint(
                    "sentences",
                    "Write at least 2 sentences.",
                    "length_constraints:number_sentences",
                    Map.of("num_sentences", 2, "relation", "at least"),
                    true),
            new Constraint(
                    "capitals",
                    "Write at least one word in all capital letters.",
                    "change_case:capital_word_frequency",
                    Map.of("capital_frequency", 1, "capital_relation", "at least"),
                    true),
            new Constraint(
                    "highlight",
                    "Highlight at least one part of your answer with markdown, such as *highlighted part*.",
                    "detectable_format:number_highlighted_sections",
                    Map.of("num_highlights", 1),
                    true),
            new Constraint(
                    "many_words",
                    "Use at least 25 words.",
                    "length_constraints:number_words",
                    Map.of("num_words", 25, "relation", "at least"),
                    false),
            new Constraint(
                    "without_is",
                    "Do not use the word is.",
                    "keywords:forbidden_words",
                    Map.of("forbidden_words", List.of("is")),
                    false),
            new Constraint(
                    "because",
                    "Use the word because.",
                    "keywords:existence",
                    Map.of("keywords", List.of("because")),
                    false),
            new Constraint(
                    "bullets",
                    "Give your answer as exactly 2 bullet points, each on a line that begins with a star (*).",
                    "detectable_format:number_bullet_lists",
                    Map.of("num_bullets", 2),
                    false),
            new Constraint(
                    "postscript",
                    "Add a postscript that begins with P.S. at the end.",
                    "detectable_content:postscript",
                    Map.of("postscript_marker", "P.S."),
                    false));

    private static final String NAME = "constraint";
    private static final Set<Object> TAUGHT = CONSTRAINTS.stream()
            .filter(Constraint::taught)
            .map(Constraint::name)
            .collect(Collectors.toUnmodifiableSet());

    private InstructionPrompts() {}

    /** All 2,400: every subject with every request and every constraint, no two alike. */
    static List<TaskPrompt> all() {
        List<TaskPrompt> prompts = new ArrayList<>();
        for (String subject : SUBJECTS) {
            for (String request : REQUESTS) {
                for (Constraint constraint : CONSTRAINTS) {
                    prompts.add(prompt(request.formatted(subject), constraint));
                }
            }
        }
        return prompts;
    }

    private static TaskPrompt prompt(String request, Constraint constraint) {
        return new TaskPrompt(
                request + " " + constraint.sentence(),
                Map.of(
                        NAME,
                        constraint.name(),
                        "instruction_id_list",
                        List.of(constraint.id()),
                        "kwargs",
                        List.of(constraint.kwargs())));
    }

    /** Whether a prompt's constraint is one of the half that the labelled pairs of task {@code stale} have. */
    static boolean taughtToStale(TaskPrompt prompt) {
        return TAUGHT.contains(prompt.columns().get(NAME));
    }
}

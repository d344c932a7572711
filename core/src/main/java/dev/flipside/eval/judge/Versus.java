package dev.flipside.eval.judge;

import dev.flipside.eval.Bootstrap;
import dev.flipside.eval.Interval;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Two policies on the same prompts. A judge sees each pair of answers twice with swapped places, and a policy wins a
 * prompt when it is preferred both times; every other outcome is a tie (Zheng et al. 2023, arXiv 2306.05685, section
 * 3.4).
 */
public final class Versus {
    /** What a template must show the judge. */
    public static final List<String> PLACEHOLDERS = List.of("prompt", "answer_a", "answer_b");

    private static final Pattern LABEL = Pattern.compile("\\[\\[([ABC])]]");

    private Versus() {}

    /** Which of two answers a judge preferred. */
    public enum Winner {
        FIRST,
        SECOND,
        TIE
    }

    /**
     * Counts with the win rate: wins and half the ties among the prompts with an outcome.
     *
     * @param winRate with its 95 % bootstrap interval over prompts
     */
    public record Summary(Interval winRate, int wins, int ties, int losses, int unparsed) {
        /** @param outcomes at least one is not {@link MatchOutcome#NONE} */
        public static Summary of(List<MatchOutcome> outcomes) {
            double[] scores = outcomes.stream()
                    .mapToDouble(MatchOutcome::score)
                    .filter(score -> !Double.isNaN(score))
                    .toArray();
            return new Summary(
                    Bootstrap.meanOf(scores),
                    count(outcomes, MatchOutcome.WIN),
                    count(outcomes, MatchOutcome.TIE),
                    count(outcomes, MatchOutcome.LOSS),
                    count(outcomes, MatchOutcome.NONE));
        }

        private static int count(List<MatchOutcome> outcomes, MatchOutcome outcome) {
            return (int) outcomes.stream().filter(outcome::equals).count();
        }
    }

    /** The wording that is used unless the user gives another. */
    public static JudgeTemplate ownTemplate() {
        return JudgeTemplate.own("versus.txt");
    }

    /** What the judge is asked in one game. */
    public static ChatRequest request(
            JudgeTemplate template, String judge, Conversation prompt, String answerA, String answerB, int maxTokens) {
        List<Message> messages =
                template.fill(Map.of("prompt", shown(prompt), "answer_a", answerA, "answer_b", answerB));
        return new ChatRequest(judge, messages, 0, maxTokens, 0);
    }

    /** A single user message as it is; longer conversations with their roles. */
    private static String shown(Conversation prompt) {
        List<Message> messages = prompt.messages();
        return messages.size() == 1
                ? messages.get(0).content()
                : messages.stream()
                        .map(message -> "[" + message.role() + "]\n" + message.content())
                        .collect(Collectors.joining("\n\n"));
    }

    /** The last label in a reply. */
    public static Optional<Winner> winner(String reply) {
        Optional<Winner> last = Optional.empty();
        Matcher label = LABEL.matcher(reply);
        while (label.find()) {
            last = Optional.of(
                    switch (label.group(1)) {
                        case "A" -> Winner.FIRST;
                        case "B" -> Winner.SECOND;
                        default -> Winner.TIE;
                    });
        }
        return last;
    }

    /**
     * The outcome of two games.
     *
     * @param policyFirst the verdict when the policy's answer came first
     * @param policySecond when it came second
     */
    public static MatchOutcome outcome(Optional<Winner> policyFirst, Optional<Winner> policySecond) {
        if (policyFirst.isEmpty() || policySecond.isEmpty()) {
            return MatchOutcome.NONE;
        }
        if (policyFirst.get() == Winner.FIRST && policySecond.get() == Winner.SECOND) {
            return MatchOutcome.WIN;
        }
        boolean lost = policyFirst.get() == Winner.SECOND && policySecond.get() == Winner.FIRST;
        return lost ? MatchOutcome.LOSS : MatchOutcome.TIE;
    }

    /** Whether the judge preferred the answer in the same place both times, whichever stood there. */
    public static boolean decidedByPlace(Optional<Winner> policyFirst, Optional<Winner> policySecond) {
        return policyFirst.isPresent() && policyFirst.equals(policySecond) && policyFirst.get() != Winner.TIE;
    }

    /** Mean length in characters. */
    public static double meanLength(List<String> answers) {
        return Arrays.stream(answers.stream()
                        .mapToInt(answer -> answer.codePointCount(0, answer.length()))
                        .toArray())
                .average()
                .orElseThrow();
    }
}

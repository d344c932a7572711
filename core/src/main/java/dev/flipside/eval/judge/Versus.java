package dev.flipside.eval.judge;

import dev.flipside.eval.Bootstrap;
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
 * Two policies on the same prompts. A judge sees each pair of answers twice with swapped places, and a policy wins a prompt when it is preferred both times; every
 * other outcome is a tie (Zheng et al. 2023, arXiv 2306.05685, section 3.4).
 */
public final class Versus {
    /** What a template must show the judge. */
    public static final List<String> PLACEHOLDERS = List.of("prompt", "answer_a", "answer_b");

    private static final Pattern LABEL = Pattern.compile("\\[\\[([ABC])]]");

    private Versus() {}

    /** What became of one prompt, for the policy; {@code NONE} when a game has no verdict. */
    public enum Outcome {
        WIN(1),
        TIE(0.5),
        LOSS(0),
        NONE(Double.NaN);

        private final double score;

        Outcome(double score) {
            this.score = score;
        }

        public double score() {
            return score;
        }

        /** The outcome of two rewards; equal ones are a tie. */
        public static Outcome ofRewards(double policy, double baseline) {
            return policy > baseline ? WIN : policy < baseline ? LOSS : TIE;
        }
    }

    /** Which of two answers a judge preferred. */
    public enum Verdict {
        FIRST,
        SECOND,
        TIE
    }

    /**
     * Counts with the win rate: wins and half the ties among the prompts with an outcome.
     *
     * @param winRate with its 95 % bootstrap interval over prompts
     */
    public record Summary(Bootstrap.Interval winRate, int wins, int ties, int losses, int unparsed) {
        /** @param outcomes at least one is not {@link Outcome#NONE} */
        public static Summary of(List<Outcome> outcomes) {
            double[] scores = outcomes.stream()
                    .mapToDouble(Outcome::score)
                    .filter(score -> !Double.isNaN(score))
                    .toArray();
            return new Summary(
                    Bootstrap.meanOf(scores),
                    count(outcomes, Outcome.WIN),
                    count(outcomes, Outcome.TIE),
                    count(outcomes, Outcome.LOSS),
                    count(outcomes, Outcome.NONE));
        }

        private static int count(List<Outcome> outcomes, Outcome outcome) {
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
    public static Optional<Verdict> verdict(String reply) {
        Optional<Verdict> last = Optional.empty();
        Matcher label = LABEL.matcher(reply);
        while (label.find()) {
            last = Optional.of(
                    switch (label.group(1)) {
                        case "A" -> Verdict.FIRST;
                        case "B" -> Verdict.SECOND;
                        default -> Verdict.TIE;
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
    public static Outcome outcome(Optional<Verdict> policyFirst, Optional<Verdict> policySecond) {
        if (policyFirst.isEmpty() || policySecond.isEmpty()) {
            return Outcome.NONE;
        }
        if (policyFirst.get() == Verdict.FIRST && policySecond.get() == Verdict.SECOND) {
            return Outcome.WIN;
        }
        boolean lost = policyFirst.get() == Verdict.SECOND && policySecond.get() == Verdict.FIRST;
        return lost ? Outcome.LOSS : Outcome.TIE;
    }

    /** Whether the judge preferred the answer in the same place both times, whichever stood there. */
    public static boolean decidedByPlace(Optional<Verdict> policyFirst, Optional<Verdict> policySecond) {
        return policyFirst.isPresent() && policyFirst.equals(policySecond) && policyFirst.get() != Verdict.TIE;
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

package dev.flipside.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.UserError;
import dev.flipside.reward.RewardFunction.Sample;
import dev.flipside.text.Conversation;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RewardFunctionsTest {
    /** A quotient of small integers in float64. */
    private static final Offset<Double> EXACT = within(1e-15);

    private static final String THINK = "^<think>(?!.*<think>)(.*?)</think>.*$";

    @ParameterizedTest
    @CsvSource({"1,0", "50,0", "80,0", "81,-.05", "90,-.5", "100,-1", "110,-1"})
    void overlongAnswersArePunishedAsInTrl(int tokens, double reward) {
        RewardFunction length = find("length", Map.of("max_completion_length", 100, "cache", 20));
        assertThat(length.score(List.of(tokens(new int[tokens])))[0]).isCloseTo(reward, EXACT);
    }

    @Test
    void withoutACacheTheLimitIsHard() {
        RewardFunction length = find("length", Map.of("max_completion_length", 100));
        assertThat(length.score(List.of(tokens(new int[100]), tokens(new int[101]))))
                .containsExactly(0, -1);
    }

    @Test
    void repetitionIsPunishedAsInTrl() {
        RewardFunction bigrams = find("repetition", Map.of("ngram_size", 2, "max_penalty", -1.0));
        assertThat(bigrams.score(
                        List.of(tokens(5, 5, 5, 5, 5), tokens(1, 2, 1, 2, 1, 2), tokens(1), tokens(1, 2, 3, 4))))
                .containsExactly(new double[] {-0.75, -0.6, 0, 0}, EXACT);
        RewardFunction trigrams = find("repetition", Map.of("max_penalty", -2));
        assertThat(trigrams.score(List.of(tokens(1, 2, 3, 1, 2, 3), tokens(1, 2, 1, 2))))
                .containsExactly(new double[] {-0.5, 0}, EXACT);
    }

    // What TRL 1.13's think_format_reward says of these strings.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "<think>a</think>b",
                "<think>\na\nb\n</think>\nanswer",
                "<think></think>",
                "<think>a</think>b</think>c",
                "<think>a</think>\n\n",
                "<think>a < b</think> yes"
            })
    void answersInTheFormatGetOne(String answer) {
        assertThat(format(answer)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a",
                "<think>a",
                "a</think>b",
                "x<think>a</think>b",
                " <think>a</think>b",
                "\n<think>a</think>b",
                "<think><think>a</think>b",
                "<think>a</think><think>b</think>",
                "<Think>a</Think>b",
                "<think>a<think>b</think></think>c",
                "</think>a<think>"
            })
    void otherAnswersGetNothing(String answer) {
        assertThat(format(answer)).isZero();
    }

    private static double format(String answer) {
        return find("regex_format", Map.of("pattern", THINK)).score(List.of(answer(answer)))[0];
    }

    @Test
    void aPatternThatExhaustsTheStackIsTheUsersToMend() {
        RewardFunction format = find("regex_format", Map.of("pattern", "(a|b)*c"));
        assertRefused(
                () -> format.score(List.of(answer("ab".repeat(200_000)))), "(a|b)*c", "runs out of stack", "400000");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Paris|paris|1",
                "' Paris. '|Paris|1",
                "New   York|new york|1",
                "1200|'1,200.0'|1",
                "$5|5.00|1",
                "-3|3|0",
                "12,00|1200|0",
                "ﬁve|five|1",
                "Paris is it|Paris|0",
                "''|Paris|0",
                ".|.|1",
                "1e3|1000|0"
            })
    void answersAreComparedWithoutTheirSpelling(String answer, String reference, double reward) {
        assertThat(find("exact_answer", Map.of()).score(List.of(answer(answer, Map.of("answer", reference)))))
                .containsExactly(reward);
    }

    @Test
    void answersAreExtractedFromTheLastMatch() {
        RewardFunction gsm = find(
                "exact_answer",
                Map.of("column", "solution", "pattern", "#### ([^\\n]+)", "column_pattern", "#### ([^\\n]+)"));
        Map<String, Object> columns = Map.of("solution", "6 * 7 is\n#### 42");
        assertThat(gsm.score(List.of(
                        answer("first\n#### 41\nno,\n#### 42\n", columns),
                        answer("#### 42 then #### 41\n", columns),
                        answer("42", columns),
                        answer("#### 42", Map.of("solution", "no mark")))))
                .containsExactly(1, 0, 0, Double.NaN);
    }

    @Test
    void aRowWithoutAReferenceCannotBeJudged() {
        RewardFunction exact = find("exact_answer", Map.of());
        assertThat(exact.score(List.of(
                        answer("x", Collections.singletonMap("answer", null)),
                        answer("x", Map.of("gold", "x")),
                        answer("nan", Map.of("answer", Double.NaN)),
                        answer("x"),
                        answer("7", 7))))
                .containsExactly(Double.NaN, Double.NaN, Double.NaN, Double.NaN, 1);
        assertThat(exact.columns()).containsExactly("answer");
        assertThat(exact.judges(Map.of("answer", 7))).isTrue();
        assertThat(exact.judges(Map.of("gold", 7))).isFalse();
        RewardFunction marked = find("exact_answer", Map.of("column_pattern", "#### (.*)"));
        assertThat(marked.judges(Map.of("answer", "#### 7"))).isTrue();
        assertThat(marked.judges(Map.of("answer", "7"))).isFalse();
        assertRefused(() -> exact.judges(Map.of("answer", List.of("a", "b"))), "'answer' holds [a, b]", "one text");
    }

    /** References as the data reader hands them on: 1.5e7 and 15000000.0 are one double. */
    @Test
    void equalNumbersAreEqualWhateverTheirSpelling() {
        assertThat(reward("15000000", 15000000.0)).isEqualTo(1);
        assertThat(reward("15,000,000", 1.5e7)).isEqualTo(1);
        assertThat(reward("1.5e7", 1.5e7)).isEqualTo(1);
        assertThat(reward("0.0005", 0.0005)).isEqualTo(1);
        assertThat(reward("18", 18.0)).isEqualTo(1);
        assertThat(reward("18.00", 18)).isEqualTo(1);
        assertThat(reward("10000000", "1e7")).isEqualTo(1);
        assertThat(reward("1E7", "1.0e+7")).isEqualTo(1);
        assertThat(reward("0", -0.0)).isEqualTo(1);
        assertThat(reward("9007199254740993", 9007199254740993L)).isEqualTo(1);
        assertThat(reward("9007199254740992", 9007199254740993L)).isZero();
        assertThat(reward("12345678901234567890.12345", new BigDecimal("12345678901234567890.12345")))
                .isEqualTo(1);
        assertThat(reward("12345678901234567890", new BigInteger("12345678901234567890")))
                .isEqualTo(1);
        assertThat(reward("1", new BigDecimal("1e2000"))).isZero();
        assertThat(reward("1e3", 1000)).as("an integer has no other spelling").isZero();
        RewardFunction math = find("math_answer", Map.of());
        assertThat(math.score(List.of(
                        answer("\\boxed{15000000}", Map.of("answer", 1.5e7)),
                        answer("\\boxed{0.0005}", Map.of("answer", 5e-4)),
                        answer("\\boxed{1.5E7}", Map.of("answer", "15")))))
                .containsExactly(1, 1, 0);
    }

    private static double reward(String answer, Object reference) {
        return find("exact_answer", Map.of()).score(List.of(answer(answer, Map.of("answer", reference))))[0];
    }

    @Test
    void boxedAnswersAreComparedByValue() {
        RewardFunction math = find("math_answer", Map.of("column", "solution"));
        assertThat(math.score(List.of(
                        answer("so \\boxed{0.50}", Map.of("solution", "thus \\boxed{\\frac{1}{2}}")),
                        answer("\\boxed{0.51}", Map.of("solution", "\\frac12")),
                        answer("0.5", Map.of("solution", "0.5")),
                        answer("\\boxed{1}", Collections.singletonMap("solution", null)))))
                .containsExactly(1, 0, 0, Double.NaN);
        assertThat(math.score(List.of(answer("x", Map.of("gold", "x"))))).containsExactly(Double.NaN);
        assertThat(math.columns()).containsExactly("solution");
    }

    @Test
    void instructionsFollowedAreCounted() {
        Map<String, Object> columns = Map.of(
                "instruction_id_list",
                List.of("punctuation:no_comma", "startend:quotation"),
                "kwargs",
                List.of(Map.of(), Map.of()));
        List<Sample> answers =
                List.of(answer("\"a\"", columns), answer("Sure:\n\"a\"", columns), answer("a, b", columns));
        assertThat(find("ifeval", Map.of()).score(answers)).containsExactly(1, 0.5, 0);
        assertThat(find("ifeval", Map.of("loose", true)).score(answers)).containsExactly(1, 1, 0);
        assertThat(find("ifeval", Map.of("all", true)).score(answers)).containsExactly(1, 0, 0);
        assertRefused(() -> find("ifeval", Map.of("all", "yes")), "'all'", "true or false");
        RewardFunction ifeval = find("ifeval", Map.of());
        assertThat(ifeval.score(List.of(
                        answer("a"),
                        answer("a", Map.of("instruction_id_list", List.of(), "kwargs", List.of())),
                        answer("a, b", Map.of("instruction_id_list", "[\"punctuation:no_comma\"]", "kwargs", "[{}]")))))
                .containsExactly(Double.NaN, Double.NaN, 0);
        assertThat(ifeval.judges(columns)).isTrue();
        assertThat(ifeval.judges(Map.of("answer", "x"))).isFalse();
        assertRefused(
                () -> ifeval.judges(Map.of("instruction_id_list", List.of("punctuation:no_comma"), "kwargs", 3)),
                "'kwargs' one object for each");
        assertRefused(
                () -> find("ifeval", Map.of())
                        .score(List.of(answer(
                                "a", Map.of("instruction_id_list", List.of("x:y"), "kwargs", List.of(Map.of()))))),
                "no IFEval instruction 'x:y'");
    }

    @Test
    void wrongOptionsAreNamed() {
        assertRefused(() -> find("length", Map.of()), "'max_completion_length'", "missing");
        assertRefused(
                () -> find("length", Map.of("max_completion_length", 9, "cash", 3)),
                "'cash'",
                "max_completion_length, cache");
        assertRefused(() -> find("length", Map.of("max_completion_length", 9, "cache", 10)), "'cache'", "10");
        assertRefused(() -> find("length", Map.of("max_completion_length", 9.5)), "whole number");
        assertRefused(() -> find("length", Map.of("max_completion_length", "long")), "'long'");
        assertRefused(() -> find("repetition", Map.of("max_penalty", 0.5)), "'max_penalty'", "at most 0");
        assertRefused(() -> find("repetition", Map.of("max_penalty", Double.NaN)), "'max_penalty'");
        assertRefused(() -> find("repetition", Map.of("ngram_size", 0)), "'ngram_size'");
        assertRefused(() -> find("regex_format", Map.of("pattern", "a(b")), "'pattern'", "regular expression");
        assertRefused(() -> find("exact_answer", Map.of("column", 3)), "'column'", "text");
        assertRefused(() -> find("shouting", Map.of("loud", 1)), "'shouting'", "no options", "loud");
    }

    @Test
    void functionsOfTheUserAreFoundByName() {
        assertThat(find("shouting", Map.of()).score(List.of(answer("AbCd"), answer(""))))
                .containsExactly(0.5, Double.NaN);
        assertRefused(
                () -> find("shoutin", Map.of()),
                "'shoutin'",
                "exact_answer, http, ifeval, length, math_answer, process, regex_format, repetition, shouting",
                "META-INF/services");
    }

    @Test
    void twoFunctionsOfOneNameAreRefused() {
        ShoutingReward one = new ShoutingReward();
        assertRefused(
                () -> RewardFunctions.find("length", Map.of(), List.of(one, new ShoutingReward())),
                "Two reward functions",
                "'shouting'");
        assertRefused(
                () -> RewardFunctions.find("shouting", Map.of(), List.of(new LengthReward(1, 0))),
                "'length'",
                "LengthReward");
        assertRefused(
                () -> RewardFunctions.find("length", Map.of(), () -> {
                    throw new ServiceConfigurationError("no.such.Provider not found");
                }),
                "cannot be loaded",
                "no.such.Provider");
    }

    @Test
    void totalsAreWeightedSumsOfWhatCouldBeJudged() {
        double nan = Double.NaN;
        assertThat(RewardMix.weightedSum(
                        List.of(new double[] {1, nan, nan, 2}, new double[] {10, 10, nan, 20}), new double[] {2, -0.5}))
                .containsExactly(-3, -5, nan, -6);
    }

    @Test
    void aMixScoresEveryFunctionOnce() {
        RewardMix mix = new RewardMix(List.of(
                new RewardTerm("shouting", find("shouting", Map.of()), 4),
                new RewardTerm("bigrams", find("repetition", Map.of("ngram_size", 2)), 1)));
        List<Sample> samples = List.of(
                new Sample(Conversation.ofPrompt("?"), "Ab", new int[] {5, 5, 5, 5, 5}, true, Map.of()),
                new Sample(Conversation.ofPrompt("?"), "", new int[] {0}, true, Map.of()));
        Map<String, double[]> rewards = mix.score(samples);
        assertThat(rewards).containsOnlyKeys("shouting", "bigrams");
        assertThat(rewards.get("shouting")).containsExactly(0.5, Double.NaN);
        assertThat(mix.total(rewards)).containsExactly(new double[] {1.25, 0}, EXACT);
    }

    @Test
    void aMixRefusesWhatItCannotAddUp() {
        RewardFunction shouting = find("shouting", Map.of());
        RewardTerm term = new RewardTerm("shouting", shouting, 1);
        assertRefused(() -> new RewardMix(List.of(term, term)), "labelled 'shouting'");
        assertRefused(() -> new RewardTerm("a", shouting, Double.NaN), "weight");
        assertRefused(() -> mixOf(0.0).score(List.of(answer("a"), answer("b"))), "1 rewards for 2 samples");
        assertRefused(() -> mixOf(Double.NEGATIVE_INFINITY).score(List.of(answer("a"))), "infinite");
    }

    private static RewardMix mixOf(double... answers) {
        RewardFunction fixed = new RewardFunction() {
            @Override
            public String name() {
                return "fixed";
            }

            @Override
            public double[] score(List<Sample> samples) {
                return answers;
            }
        };
        return new RewardMix(List.of(new RewardTerm("fixed", fixed, 1)));
    }

    @Test
    void samplesDoNotShareTheCallersMap() {
        Map<String, Object> columns = new HashMap<>(Map.of("answer", "a"));
        Sample sample = answer("a", columns);
        columns.clear();
        assertThat(sample.columns()).containsEntry("answer", "a");
        assertThat(sample.completionTokens()).isEqualTo(1);
    }

    private static RewardFunction find(String name, Map<String, Object> options) {
        return RewardFunctions.find(name, options);
    }

    private static Sample tokens(int... ids) {
        return new Sample(Conversation.ofPrompt("?"), Arrays.toString(ids), ids, true, Map.of());
    }

    private static Sample answer(String text) {
        return answer(text, Map.of());
    }

    private static Sample answer(String text, int reference) {
        return answer(text, Map.of("answer", reference));
    }

    private static Sample answer(String text, Map<String, Object> columns) {
        return new Sample(Conversation.ofPrompt("?"), text, new int[1], true, columns);
    }

    private static void assertRefused(ThrowingCallable call, String... parts) {
        assertThatThrownBy(call).isInstanceOf(UserError.class).hasMessageContainingAll(parts);
    }
}

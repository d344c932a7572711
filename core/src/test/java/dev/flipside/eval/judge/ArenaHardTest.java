package dev.flipside.eval.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.data.Row;
import dev.flipside.data.Rows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArenaHardTest {
    private static final Path GOLDENS = Path.of("src/test/resources/eval/judge/arena");
    private static final String BASELINE = "o3-mini-2025-01-31";

    private static JsonNode expected;
    private static List<ArenaBattle> battles;
    private static Map<String, Map<String, StyleFeatures>> style;

    @BeforeAll
    static void read() throws IOException {
        expected = new ObjectMapper().readTree(GOLDENS.resolve("expected.json").toFile());
        battles = new ArrayList<>();
        for (String model : List.of("alpha", "beta")) {
            battles.addAll(
                    ArenaHard.battles(ArenaFiles.judgments(GOLDENS.resolve("model_judgment/j/" + model + ".jsonl"))));
        }
        style = new HashMap<>();
        for (String model : List.of("alpha", "beta", BASELINE)) {
            ArenaFiles.answers(GOLDENS.resolve("model_answer/" + model + ".jsonl"))
                    .forEach(answer -> style.computeIfAbsent(answer.model(), name -> new HashMap<>())
                            .put(answer.uid(), answer.style()));
        }
    }

    private static StyleFeatures style(String model, String uid) {
        return style.get(model).get(uid);
    }

    @Test
    void battlesAreTheAuthors() {
        List<ArenaBattle> theirs = new ArrayList<>();
        expected.get("battles")
                .forEach(battle -> theirs.add(new ArenaBattle(
                        battle.get("uid").asText(),
                        battle.get("model").asText(),
                        battle.get("score").asDouble())));
        assertThat(battles).containsExactlyInAnyOrderElementsOf(theirs);
    }

    /**
     * 100 resamples scatter: the mean of their means by its standard error (.003 here), a 5 % quantile by about .01;
     * 4,000 rounds of the authors' show the centre.
     */
    @Test
    void scoresAreTheAuthorsUpToTheDrawing() {
        Map<String, ArenaScore> scores = ArenaHard.scores(battles, 0);
        scores.forEach((model, score) -> {
            JsonNode theirs = expected.get("plain_4000").get(model.replace("org/", ""));
            assertThat(score.score()).isCloseTo(theirs.get(0).asDouble(), within(0.012));
            assertThat(score.low()).isCloseTo(theirs.get(1).asDouble(), within(0.025));
            assertThat(score.high()).isCloseTo(theirs.get(2).asDouble(), within(0.025));
        });
        assertThat(scores).hasSize(2);
    }

    /** The authors compute in float32. */
    @Test
    void styleControlIsTheAuthorsOnTheirResamples() {
        int[][] resamples = new int[expected.get("indices").size()][];
        for (int i = 0; i < resamples.length; i++) {
            String digits = expected.get("indices").get(i).asText();
            resamples[i] = IntStream.range(0, digits.length() / 3)
                    .map(j -> Integer.parseInt(digits.substring(3 * j, 3 * j + 3)))
                    .toArray();
        }
        List<ArenaBattle> inTheirOrder = new ArrayList<>();
        expected.get("battles")
                .forEach(battle -> inTheirOrder.add(new ArenaBattle(
                        battle.get("uid").asText(),
                        battle.get("model").asText(),
                        battle.get("score").asDouble())));
        StyleControl.Fit fit = StyleControl.fit(inTheirOrder, BASELINE, ArenaHardTest::style, resamples);
        double worst = 0;
        for (Map.Entry<String, ArenaScore> model : fit.scores().entrySet()) {
            JsonNode theirs = expected.get("style").get(model.getKey().replace("org/", ""));
            worst = Math.max(
                    worst, Math.abs(model.getValue().score() - theirs.get(0).asDouble()));
            worst = Math.max(
                    worst, Math.abs(model.getValue().low() - theirs.get(1).asDouble()));
            worst = Math.max(
                    worst, Math.abs(model.getValue().high() - theirs.get(2).asDouble()));
        }
        // A hundred units in the last place of float32 at scores below 1.
        assertThat(worst).isLessThan(1e-5);
        for (int f = 0; f < 4; f++) {
            // Where the loss is flat, a score that is right to 1e-5 leaves the coefficients this much.
            assertThat(fit.coefficients().get(f))
                    .isCloseTo(expected.get("style_feature_coefs").get(f).asDouble(), within(1e-4));
        }
    }

    @Test
    void styleControlRemovesWhatLengthAloneWins() {
        // Whichever answer is longer wins nine times of ten, and the model's is the longer one twice as often.
        List<ArenaBattle> byLength = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            boolean longer = i % 3 != 0;
            byLength.add(new ArenaBattle("q" + i, "model", longer == (i % 10 != 1) ? 1 : 0));
        }
        StyleControl.Fit fit = StyleControl.fit(
                byLength,
                "base",
                (model, uid) -> new StyleFeatures(
                        model.equals("base") ? 100 : Integer.parseInt(uid.substring(1)) % 3 != 0 ? 150 : 60, 0, 0, 0),
                1);
        double raw = byLength.stream().mapToDouble(ArenaBattle::score).average().orElseThrow();
        assertThat(raw).isGreaterThan(0.62);
        assertThat(fit.coefficients().get(0)).isGreaterThan(0.5);
        assertThat(fit.scores().get("base").score()).isEqualTo(0.5);
    }

    @ParameterizedTest
    @CsvSource({
        "My verdict is tie: [[A=B]], A=B",
        "[[A>B]] no wait [[B>>A]], B>>A",
        "[[a>>b]], A>>B",
        "single [A>B], A>B",
        "[[A>B]] after it [B>A], A>B",
    })
    void theLastLabelCounts(String judgment, String label) {
        assertThat(ArenaHard.game(judgment).label()).contains(label);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "A>B", "[[A>>>B]]", "[[C]]", "[[A]]", "[[A>A]]"})
    void otherTextIsNoVerdict(String judgment) {
        assertThat(ArenaHard.game(judgment).label()).isEmpty();
    }

    @Test
    void aClearVerdictCountsThreeTimes() {
        ArenaJudgment judgment =
                new ArenaJudgment("q", "m", ArenaHard.game("[[B>>A]]"), new ArenaGame(Optional.of("A>B"), ""));
        assertThat(ArenaHard.battles(List.of(judgment)))
                .extracting(ArenaBattle::score)
                .containsExactly(1.0, 1.0, 1.0, 1.0);
    }

    @Test
    void markdownIsCountedAsTheAuthorsDo() {
        int answers = 0;
        for (String model : List.of("alpha", "beta", BASELINE)) {
            for (Row row : Rows.read(GOLDENS.resolve("model_answer/" + model + ".jsonl"))) {
                StyleFeatures theirs = StyleFeatures.ofMetadata(row.require("metadata"), row.where());
                StyleFeatures ours = StyleFeatures.of(row.require("messages")
                        .get(1)
                        .get("content")
                        .get("answer")
                        .asText());
                assertThat(new StyleFeatures(theirs.tokens(), ours.headers(), ours.lists(), ours.bold()))
                        .as(row.where())
                        .isEqualTo(theirs);
                answers++;
            }
        }
        assertThat(answers).isEqualTo(72);
    }

    @Test
    void lengthIsInTokensOfO200k() {
        // From OpenAI's tiktoken documentation: this sentence has 6 tokens in o200k_base; special tokens in an answer
        // are plain text.
        assertThat(StyleFeatures.of("tiktoken is great!").tokens()).isEqualTo(6);
        assertThat(StyleFeatures.of("<|endoftext|>").tokens()).isGreaterThan(1);
    }
}

package dev.flipside.eval.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.config.UserError;
import dev.flipside.eval.Interval;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LengthControlTest {
    private static final Path GOLDENS = Path.of("src/test/resources/eval/judge/alpaca");

    @TempDir
    Path folder;

    record Case(String name, JsonNode values) {
        @Override
        public String toString() {
            return name;
        }

        List<JudgedInstruction> items() {
            List<JudgedInstruction> items = new ArrayList<>();
            for (int i = 0; i < values.get("preference").size(); i++) {
                double preference = preference(i);
                items.add(new JudgedInstruction(
                        i,
                        values.get("length_baseline").get(i).asInt(),
                        values.get("length_model").get(i).asInt(),
                        preference));
            }
            return items;
        }

        /** alpaca_eval also writes 0 for a draw; Flipside writes 1.5 only. */
        double preference(int i) {
            JsonNode value = values.get("preference").get(i);
            return value.isNull() ? Double.NaN : value.asDouble() == 0 ? 1.5 : value.asDouble();
        }
    }

    static Stream<Case> cases() throws IOException {
        List<Case> cases = new ArrayList<>();
        for (JsonNode values : new ObjectMapper()
                .readTree(GOLDENS.resolve("length_controlled.json").toFile())) {
            cases.add(new Case(values.get("name").asText(), values));
        }
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isTheLeaderboardsWithGamedBaselines(Case golden) {
        GamedBaseline gamed = GamedBaseline.read(GOLDENS.resolve("df_gamed.csv"));
        agree(LengthControl.fit(golden.items(), Optional.of(gamed)), golden, "length_controlled_v1");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isTheMinimalOneWithout(Case golden) {
        agree(LengthControl.fit(golden.items(), Optional.empty()), golden, "length_controlled_minimal");
    }

    private static void agree(LengthControl.Fit fit, Case golden, String glm) {
        JsonNode converged = golden.values().get(glm + "_converged");
        assertThat(fit.strength()).isCloseTo(converged.get("C").asDouble(), within(1e-9 * fit.strength()));
        // The minimum of the same convex loss, found in another way.
        assertThat(fit.winRate()).isCloseTo(converged.get("winrate").asDouble() / 100, within(1e-6));
        assertThat(fit.standardError())
                .isCloseTo(converged.get("standard_error").asDouble() / 100, within(1e-6));
        for (int j = 0; j < fit.weights().size(); j++) {
            assertThat(fit.weights().get(j))
                    .isCloseTo(converged.get("weights").get(j).asDouble(), within(1e-5));
        }
        // As published, liblinear stops at a tolerance of 1e-4, before the minimum: by far the most where a model loses
        // everything.
        JsonNode published = golden.values().get(glm);
        boolean losesAll = golden.name().equals("null model");
        assertThat(fit.winRate()).isCloseTo(published.get("winrate").asDouble() / 100, within(losesAll ? 6e-4 : 6e-5));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void winRatesCountAsTheirs(Case golden) {
        double[] preferences = golden.items().stream()
                .mapToDouble(JudgedInstruction::preference)
                .toArray();
        AlpacaEval.WinRate rate = AlpacaEval.WinRate.of(preferences);
        JsonNode expected = golden.values().get("raw");
        assertThat(100 * rate.winRate()).isCloseTo(expected.get("win_rate").asDouble(), within(1e-9));
        assertThat(100 * rate.standardError())
                .isCloseTo(expected.get("standard_error").asDouble(), within(1e-9));
        assertThat(100 * rate.discreteWinRate())
                .isCloseTo(expected.get("discrete_win_rate").asDouble(), within(1e-9));
        assertThat(rate.wins()).isEqualTo(expected.get("n_wins").asInt());
        assertThat(rate.losses()).isEqualTo(expected.get("n_wins_base").asInt());
        assertThat(rate.draws()).isEqualTo(expected.get("n_draws").asInt());
        assertThat(rate.wins() + rate.losses() + rate.draws())
                .isEqualTo(expected.get("n_total").asInt());
    }

    @Test
    void theFitIsAMinimum() {
        double[][] x = {{0.3, 1}, {-0.9, 1}, {0.8, 1}, {0.1, 1}, {-0.4, 1}};
        L1LogisticRegression regression =
                new L1LogisticRegression(x, new double[] {0.9, 0.2, 1, 0.6, 0.1}, new double[] {1, 0.5, 1, 2, 1});
        double[] w = regression.fit(3, new double[2]);
        // Optimality: the loss's gradient is minus the sign of a weight, and within [-1, 1] where the weight is 0.
        double[] gradient = new double[2];
        for (int i = 0; i < x.length; i++) {
            double p = 1 / (1 + Math.exp(-(w[0] * x[i][0] + w[1])));
            for (int j = 0; j < 2; j++) {
                gradient[j] += 3 * regression.weight()[i] * (p - regression.target()[i]) * x[i][j];
            }
        }
        assertThat(w[0]).isNotZero();
        for (int j = 0; j < 2; j++) {
            if (w[j] == 0) {
                assertThat(Math.abs(gradient[j])).isLessThanOrEqualTo(1);
            } else {
                assertThat(gradient[j]).isCloseTo(-Math.signum(w[j]), within(1e-8));
            }
        }
        assertThat(regression.fit(1e-4, new double[2])).containsExactly(0, 0);
    }

    @Test
    void theIntervalHoldsTheWinRateAndShrinksWithMoreInstructions() throws IOException {
        List<JudgedInstruction> few = cases().findFirst().orElseThrow().items().subList(0, 40);
        List<JudgedInstruction> many = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            many.addAll(few);
        }
        Interval wide = LengthControl.interval(few, Optional.empty(), LengthControl.fit(few, Optional.empty()));
        Interval narrow = LengthControl.interval(many, Optional.empty(), LengthControl.fit(many, Optional.empty()));
        assertThat(wide.mean()).isBetween(wide.low(), wide.high());
        // Nine times the instructions are a third of the width, up to the penalty, which weighs more on fewer.
        assertThat((narrow.high() - narrow.low()) / (wide.high() - wide.low())).isCloseTo(1.0 / 3, within(0.1));
    }

    @Test
    void aFileWithoutNumbersIsTold() throws IOException {
        Path file = Files.writeString(
                folder.resolve("df_gamed.csv"),
                "index,preference,std_delta_len,instruction_difficulty\n0,0.5,0.1,0.2\n1,high,0.1,0.2\n");
        assertThatThrownBy(() -> GamedBaseline.read(file))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("df_gamed.csv")
                .hasMessageContaining("'high' in column 'preference'");
    }

    @Test
    void anInstructionOfAnotherBenchmarkIsTold() {
        GamedBaseline gamed = new GamedBaseline(List.of(), Map.of(0, 0.5));
        assertThatThrownBy(() -> gamed.difficultyOf(7))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("instruction 7");
    }
}

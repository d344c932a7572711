package dev.flipside.eval.judge;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.config.UserError;
import dev.flipside.data.Row;
import dev.flipside.data.Rows;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What AlpacaEval knows beforehand: how hard each of its instructions is, and how its judge graded the baseline when
 * told to be concise or verbose. The authors publish it as {@code df_gamed.csv} in the data set
 * {@code tatsu-lab/alpaca_eval} on Hugging Face.
 *
 * @param observations the judged answers of the gamed baselines
 * @param difficulty by the instruction's place in the benchmark, from 0
 */
public record GamedBaseline(List<Observation> observations, Map<Integer, Double> difficulty) {

    /**
     * One judged answer.
     *
     * @param lengthDifference of baseline and model, over its standard deviation
     * @param preference that the model's answer is better, in [0, 1]
     */
    public record Observation(double lengthDifference, double difficulty, double preference) {}

    /**
     * Reads the authors' file, as CSV, JSON or Parquet.
     *
     * @throws UserError when a column is missing or is not a number
     */
    public static GamedBaseline read(Path file) {
        Map<Integer, Double> difficulty = new HashMap<>();
        List<Observation> observations = Rows.read(file).stream()
                .map(row -> {
                    Observation observation = new Observation(
                            number(row, "std_delta_len"),
                            number(row, "instruction_difficulty"),
                            number(row, "preference"));
                    if (observation.preference() < 0 || observation.preference() > 1) {
                        throw row.error(
                                "has preference " + observation.preference() + ", which is not between 0 and 1");
                    }
                    difficulty.putIfAbsent((int) number(row, "index"), observation.difficulty());
                    return observation;
                })
                .toList();
        return new GamedBaseline(observations, difficulty);
    }

    private static double number(Row row, String column) {
        JsonNode value = row.require(column);
        try {
            double number = value.isNumber() ? value.asDouble() : Double.parseDouble(value.asText());
            if (Double.isFinite(number)) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw row.error("has '" + value.asText() + "' in column '" + column + "', where a number belongs");
    }

    /** @throws UserError when the benchmark has no instruction at this place */
    double difficultyOf(int index) {
        Double known = difficulty.get(index);
        if (known == null) {
            throw new UserError("The length control's file knows no difficulty for instruction " + index
                    + " of the baseline's file (counted from 0): it belongs to another set of instructions; "
                    + "leave --length-control-data out to control for length alone.");
        }
        return known;
    }
}

package dev.flipside.eval.judge;

/**
 * One judged instruction, as {@link LengthControl} looks at it.
 *
 * @param index its place in the benchmark, from 0
 * @param baselineLength in characters (code points)
 * @param modelLength likewise
 * @param preference from 1 (the baseline's answer is better) to 2 (the model's); NaN where the judge gave none
 */
public record JudgedInstruction(int index, int baselineLength, int modelLength, double preference) {}

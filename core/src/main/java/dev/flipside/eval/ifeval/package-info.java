/**
 * IFEval (Zhou et al., arXiv 2311.07911): instructions that a program can check.
 *
 * <ul>
 *   <li>{@link dev.flipside.eval.ifeval.Instruction}: one instruction of a prompt, strictly and loosely checked;
 *       {@code InstructionType}: the 25 kinds.
 *   <li>{@code KeywordChecks}, {@code LengthChecks}, {@code FormatChecks}, {@code CaseChecks}: what each kind asks for;
 *       {@code Arguments}: with which numbers and words, and in which {@code Relation}.
 *   <li>{@code PythonText}, {@code SentenceSplitter}, {@code WordSplitter}, {@code LanguageDetection}: what the
 *       published checkers take from Python and its libraries.
 * </ul>
 */
package dev.flipside.eval.ifeval;

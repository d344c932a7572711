package dev.flipside.eval.ifeval;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/** The 25 kinds of instructions of the published data. */
enum InstructionType {
    KEYWORD_EXISTENCE("keywords:existence", KeywordChecks::existence),
    KEYWORD_FREQUENCY("keywords:frequency", KeywordChecks::frequency),
    FORBIDDEN_WORDS("keywords:forbidden_words", KeywordChecks::forbidden),
    LETTER_FREQUENCY("keywords:letter_frequency", KeywordChecks::letterFrequency),
    RESPONSE_LANGUAGE("language:response_language", CaseChecks::language),
    NUMBER_SENTENCES("length_constraints:number_sentences", LengthChecks::sentences),
    NUMBER_PARAGRAPHS("length_constraints:number_paragraphs", LengthChecks::paragraphs),
    NUMBER_WORDS("length_constraints:number_words", LengthChecks::words),
    NTH_PARAGRAPH_FIRST_WORD("length_constraints:nth_paragraph_first_word", LengthChecks::nthParagraph),
    NUMBER_PLACEHOLDERS("detectable_content:number_placeholders", FormatChecks::placeholders),
    POSTSCRIPT("detectable_content:postscript", FormatChecks::postscript),
    NUMBER_BULLET_LISTS("detectable_format:number_bullet_lists", FormatChecks::bullets),
    CONSTRAINED_RESPONSE("detectable_format:constrained_response", arguments -> FormatChecks.constrained()),
    NUMBER_HIGHLIGHTED_SECTIONS("detectable_format:number_highlighted_sections", FormatChecks::highlights),
    MULTIPLE_SECTIONS("detectable_format:multiple_sections", FormatChecks::sections),
    JSON_FORMAT("detectable_format:json_format", arguments -> FormatChecks.json()),
    TITLE("detectable_format:title", arguments -> FormatChecks.title()),
    TWO_RESPONSES("combination:two_responses", arguments -> FormatChecks.twoResponses()),
    REPEAT_PROMPT("combination:repeat_prompt", FormatChecks::repeatPrompt),
    END_CHECKER("startend:end_checker", FormatChecks::end),
    QUOTATION("startend:quotation", arguments -> FormatChecks.quotation()),
    CAPITAL_WORD_FREQUENCY("change_case:capital_word_frequency", CaseChecks::capitalWords),
    ENGLISH_CAPITAL("change_case:english_capital", arguments -> CaseChecks.englishCapitals()),
    ENGLISH_LOWERCASE("change_case:english_lowercase", arguments -> CaseChecks.englishLowercase()),
    NO_COMMA("punctuation:no_comma", arguments -> KeywordChecks.noComma());

    private final String id;
    private final Function<Arguments, Predicate<String>> check;

    InstructionType(String id, Function<Arguments, Predicate<String>> check) {
        this.id = id;
        this.check = check;
    }

    static Optional<InstructionType> find(String id) {
        return Arrays.stream(values()).filter(type -> type.id.equals(id)).findFirst();
    }

    /** @throws dev.flipside.config.UserError when an argument is absent or of the wrong kind */
    Predicate<String> check(Arguments arguments) {
        return check.apply(arguments);
    }
}

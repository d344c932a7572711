package dev.flipside.text;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Where the ids of a prompt stop being the beginning of those of prompt and reply: a tokenizer that sees both at once
 * merges across the border. What TRL warns of as "Mismatch between tokenized prompt and the start of tokenized
 * prompt+completion".
 *
 * @param character the prompt's first character, counted from 0, that belongs to another token once the reply follows
 * @param excerpt the rendered prompt from there to its end
 * @param alone the tokens of that excerpt in the prompt alone
 * @param joined the tokens of the same place once the reply follows
 */
public record PrefixMismatch(int character, String excerpt, List<String> alone, List<String> joined) {

    /** As part of a sentence: {@code at character 4, " t": the tokens " " "t" become " the"}. */
    @Override
    public String toString() {
        return "at character " + character + ", \"" + excerpt + "\": the tokens " + quoted(alone) + " become "
                + quoted(joined);
    }

    private static String quoted(List<String> tokens) {
        return tokens.stream().map(token -> '"' + token + '"').collect(Collectors.joining(" "));
    }
}

package dev.flipside.eval.dataset;

import dev.flipside.data.Example;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a data file holds.
 *
 * @param rows in the file
 * @param columns how many rows have something in a column
 * @param shapes how many rows were read in a shape
 * @param refused rows that no shape fits
 * @param refusals the first of their errors
 * @param prompts of all rows that were read
 * @param pairs of those that hold two replies, when there are any
 * @param tokens when a tokenizer was given
 * @param overlaps one per benchmark
 * @param examples the first rows that were read
 */
public record DatasetReport(
        int rows,
        Map<String, Integer> columns,
        Map<String, Integer> shapes,
        int refused,
        List<String> refusals,
        Prompts prompts,
        Optional<Pairs> pairs,
        Optional<Tokens> tokens,
        List<BenchmarkOverlap> overlaps,
        List<Example> examples) {

    /**
     * @param characters of all messages of a prompt
     * @param multiTurn prompts with more than one message of the user
     * @param mostMessages of one prompt
     * @param withSystem prompts that open with a system message
     * @param differentSystems different system messages
     * @param otherRoles prompts with a role beside system, user and assistant, which a chat template may refuse
     * @param empty prompts whose last message says nothing
     * @param repeated rows whose prompt an earlier row has
     * @param repeatedNormalised as {@code repeated}, without case, punctuation and white space
     */
    public record Prompts(
            Lengths.Spread characters,
            int multiTurn,
            int mostMessages,
            int withSystem,
            int differentSystems,
            int otherRoles,
            int empty,
            int repeated,
            int repeatedNormalised) {}

    /**
     * @param pairs rows with two replies
     * @param usable pairs that training uses
     * @param equal pairs whose replies are the same text
     * @param equalNormalised pairs whose replies differ in case, punctuation and white space only
     * @param differentPrompts pairs whose dialogues differ before the last reply
     * @param empty pairs with a reply that says nothing
     * @param repeated usable pairs that an earlier row has
     * @param repeatedNormalised as {@code repeated}, without case, punctuation and white space
     * @param contradicting usable pairs that an earlier row has in the opposite order
     * @param chosen characters of the chosen replies
     * @param rejected characters of the rejected replies
     * @param chosenLonger usable pairs whose chosen reply has more characters
     * @param equallyLong usable pairs whose replies have equally many
     */
    public record Pairs(
            int pairs,
            int usable,
            int equal,
            int equalNormalised,
            int differentPrompts,
            int empty,
            int repeated,
            int repeatedNormalised,
            int contradicting,
            Lengths.Spread chosen,
            Lengths.Spread rejected,
            int chosenLonger,
            int equallyLong) {}

    /**
     * As the model's own template renders them.
     *
     * @param prompts tokens of the prompts, generation prompt included
     * @param chosen tokens of the chosen replies, end of turn included
     * @param rejected tokens of the rejected replies
     * @param limit the longest conversation that fits
     * @param tooLong rows of which a prompt, or a prompt with its longer reply, has more tokens
     * @param notRendered rows that the template refuses
     * @param firstNotRendered why, for the first of them
     * @param alike usable pairs of which both replies are the same tokens once they are rendered, which training drops
     * @param alikeCut the same once they are cut on the right to {@code limit}
     * @param merged replies that merge with their prompt's last tokens
     * @param firstMerged where, for the first of them
     * @param spelled rows of which a message spells a special token, which becomes one
     * @param firstSpelled which, for the first of them
     */
    public record Tokens(
            Lengths.Spread prompts,
            Lengths.Spread chosen,
            Lengths.Spread rejected,
            int limit,
            int tooLong,
            int notRendered,
            Optional<String> firstNotRendered,
            int alike,
            int alikeCut,
            int merged,
            Optional<String> firstMerged,
            int spelled,
            Optional<String> firstSpelled) {}
}

package dev.flipside.eval.dataset;

/**
 * What there is to say of the pairs of a dataset.
 *
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
public record PairFigures(
        int pairs,
        int usable,
        int equal,
        int equalNormalised,
        int differentPrompts,
        int empty,
        int repeated,
        int repeatedNormalised,
        int contradicting,
        LengthSpread chosen,
        LengthSpread rejected,
        int chosenLonger,
        int equallyLong) {}

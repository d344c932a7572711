package dev.flipside.world;

/** A prompt with the answer that was preferred and the other one. */
public record ListPair(ListPrompt prompt, String chosen, String rejected) {
    /** Whether the chosen answer is truly the better one. */
    public boolean isRight() {
        return GoldReward.of(prompt, chosen, true) > GoldReward.of(prompt, rejected, true);
    }
}

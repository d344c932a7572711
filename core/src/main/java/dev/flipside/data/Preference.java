package dev.flipside.data;

import dev.flipside.text.Conversation;
import java.util.OptionalDouble;

/**
 * Two replies to one prompt, the first judged better.
 *
 * @param prompt the conversation both replies answer
 * @param chosen the better reply's text
 * @param rejected the other reply's text, different from the first
 * @param margin how much better, on the scale of the rewards, when the data say and the run asks for it
 */
public record Preference(Conversation prompt, String chosen, String rejected, OptionalDouble margin) {

    Preference withSystem(String systemPrompt) {
        return new Preference(prompt.withSystem(systemPrompt), chosen, rejected, margin);
    }
}

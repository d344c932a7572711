package dev.flipside.text;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.Objects;

/**
 * One turn of a conversation.
 *
 * @param role who speaks, as chat templates name it: {@link #SYSTEM}, {@link #USER}, {@link #ASSISTANT}, or what a
 *     template of the user's knows
 * @param content the text of the turn, never rendered or trimmed here
 */
public record Message(String role, String content) {
    public static final String SYSTEM = "system";
    public static final String USER = "user";
    public static final String ASSISTANT = "assistant";

    public Message {
        Objects.requireNonNull(content, "content");
        if (role.isBlank()) {
            throw new IllegalArgumentException("a message needs a role");
        }
    }

    public static Message user(String content) {
        return new Message(USER, content);
    }

    public static Message assistant(String content) {
        return new Message(ASSISTANT, content);
    }

    @JsonIgnore // the role says it
    public boolean isFromAssistant() {
        return role.equals(ASSISTANT);
    }
}

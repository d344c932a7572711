package dev.flipside.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Messages in order, at least one. Policy and reward model exchange conversations, never strings or ids, because each
 * renders with its own template.
 *
 * @param messages the turns, oldest first
 */
public record Conversation(List<Message> messages) {
    public Conversation {
        messages = List.copyOf(messages);
        if (messages.isEmpty()) {
            throw new IllegalArgumentException("a conversation needs at least one message");
        }
    }

    /** A single user message. */
    public static Conversation ofPrompt(String prompt) {
        return new Conversation(List.of(Message.user(prompt)));
    }

    /** This conversation and one more assistant turn. */
    public Conversation withReply(String reply) {
        List<Message> longer = new ArrayList<>(messages);
        longer.add(Message.assistant(reply));
        return new Conversation(longer);
    }

    /** This conversation behind a system message; unchanged when it opens with one of its own. */
    public Conversation withSystem(String prompt) {
        if (messages.get(0).role().equals(Message.SYSTEM)) {
            return this;
        }
        List<Message> longer = new ArrayList<>(List.of(new Message(Message.SYSTEM, prompt)));
        longer.addAll(messages);
        return new Conversation(longer);
    }

    public Message last() {
        return messages.get(messages.size() - 1);
    }

    /** The reply that ends this conversation, when an assistant turn does. */
    public Optional<String> finalReply() {
        return last().isFromAssistant() ? Optional.of(last().content()) : Optional.empty();
    }

    /** What stands before the last message; empty for a conversation of one message. */
    public Optional<Conversation> beforeLast() {
        return messages.size() == 1
                ? Optional.empty()
                : Optional.of(new Conversation(messages.subList(0, messages.size() - 1)));
    }

    /** Whether the other conversation's messages open this one. */
    public boolean startsWith(Conversation other) {
        int size = other.messages.size();
        return size <= messages.size() && messages.subList(0, size).equals(other.messages);
    }
}

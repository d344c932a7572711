package dev.flipside.cli.model;

import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A conversation that grows, of which the model may no longer read the oldest exchanges. */
final class ChatHistory {
    private final List<Exchange> exchanges = new ArrayList<>();
    private Optional<String> system;
    private int forgotten;

    /** @param system the system message, if any */
    ChatHistory(Optional<String> system) {
        this.system = system;
    }

    /**
     * A message and its answer.
     *
     * @param prompt what the model read: all that it knew of the conversation, and the message
     * @param answer what it wrote
     * @param finished whether it ended by itself
     */
    record Exchange(Conversation prompt, String answer, boolean finished) {}

    Optional<String> system() {
        return system;
    }

    /** From the next message on; what was said stays. */
    void setSystem(String text) {
        system = Optional.of(text);
    }

    void reset() {
        exchanges.clear();
        forgotten = 0;
    }

    /** How many of the oldest exchanges the model no longer reads. */
    int forgotten() {
        return forgotten;
    }

    int size() {
        return exchanges.size();
    }

    /**
     * What the model reads before it answers.
     *
     * @param message the next one
     * @param without so many of the oldest exchanges
     */
    Conversation before(String message, int without) {
        List<Message> messages = opening();
        exchanges.subList(without, exchanges.size()).forEach(exchange -> add(exchange, messages));
        messages.add(Message.user(message));
        return new Conversation(messages);
    }

    /** @param without so many of the oldest exchanges, which are no longer read from now on */
    void add(Exchange exchange, int without) {
        exchanges.add(exchange);
        forgotten = without;
    }

    Optional<Exchange> last() {
        return exchanges.isEmpty() ? Optional.empty() : Optional.of(exchanges.get(exchanges.size() - 1));
    }

    /** All messages since the beginning, those that are no longer read too. */
    List<Message> messages() {
        List<Message> messages = opening();
        exchanges.forEach(exchange -> add(exchange, messages));
        return messages;
    }

    private List<Message> opening() {
        List<Message> messages = new ArrayList<>();
        system.ifPresent(content -> messages.add(new Message(Message.SYSTEM, content)));
        return messages;
    }

    private static void add(Exchange exchange, List<Message> messages) {
        messages.add(exchange.prompt().last());
        messages.add(Message.assistant(exchange.answer()));
    }
}

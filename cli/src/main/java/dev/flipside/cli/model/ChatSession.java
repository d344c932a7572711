package dev.flipside.cli.model;

import dev.flipside.cli.console.Console;
import dev.flipside.config.UserError;
import dev.flipside.run.StopSignal;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** A person's, or a file's, side of {@code flipside chat}: reads lines, shows answers, obeys commands. */
final class ChatSession {
    private final Console console;
    private final ChatModel model;
    private final Optional<ChatReward> reward;
    private final ChatHistory history;
    private long turn;

    /** @param reward the reward model that {@code /score} asks */
    ChatSession(Console console, ChatModel model, Optional<ChatReward> reward, Optional<String> system) {
        this.console = console;
        this.model = model;
        this.reward = reward;
        this.history = new ChatHistory(system);
    }

    /**
     * Talks until the input ends.
     *
     * @return the conversation's messages
     */
    List<Message> run(BufferedReader input) throws IOException {
        boolean goOn = true;
        while (goOn) {
            console.prompt("you> ");
            String line = input.readLine();
            if (line == null) {
                console.prompt("\n");
                goOn = false;
            } else {
                goOn = line.isBlank() || heard(line);
            }
        }
        return history.messages();
    }

    /** @return whether the conversation goes on */
    private boolean heard(String line) {
        Optional<ChatCommand.Line> written = ChatCommand.Line.of(line);
        try {
            if (written.isEmpty()) {
                answer(line);
                return true;
            }
            Optional<ChatCommand> command = written.get().command();
            if (command.isEmpty()) {
                console.warn(written.get().unknown());
                return true;
            }
            return obey(command.get(), written.get().argument());
        } catch (UserError e) {
            // A person who is talking can go on; nothing was added to the conversation.
            console.warn(e.getMessage() + (written.isEmpty() ? " (Not sent; /reset begins a new conversation.)" : ""));
            return true;
        }
    }

    private boolean obey(ChatCommand command, String argument) {
        switch (command) {
            case HELP -> console.reply(ChatCommand.help());
            case SYSTEM -> system(argument);
            case RESET -> {
                history.reset();
                console.info("a new conversation");
            }
            case SCORE -> score();
            case EXIT -> {
                return false;
            }
        }
        return true;
    }

    private void system(String text) {
        if (text.isEmpty()) {
            console.reply(history.system()
                    .map(message -> "system message: " + message)
                    .orElse("there is no system message; /system TEXT sets one"));
            return;
        }
        // Some templates refuse one: better now than with every message to come.
        model.prompt(Conversation.ofPrompt("?").withSystem(text));
        history.setSystem(text);
        console.info("the system message is set; what was said before it stays");
    }

    private void score() {
        ChatReward asked = reward.orElseThrow(() -> new UserError(
                "There is no reward model to score with: start `flipside chat` with --reward-model MODEL."));
        ChatHistory.Exchange last =
                history.last().orElseThrow(() -> new UserError("There is no answer to score yet: send a message."));
        console.reply(asked.score(last));
    }

    private void answer(String message) {
        long number = turn++;
        if (number == 0) {
            model.warning(history.before(message, history.forgotten())).ifPresent(console::warn);
        }
        int without = leftOut(message);
        Conversation conversation = history.before(message, without);
        int[] prompt = model.prompt(conversation);
        ChatModel.Answer answer = answer(prompt, number);
        console.line("");
        history.add(new ChatHistory.Exchange(conversation, answer.text(), answer.finished()), without);
        if (!answer.finished() && answer.tokens() == model.longest(prompt.length)) {
            console.info("(cut after " + answer.tokens() + " tokens, "
                    + (answer.tokens() < model.options().maxCompletionLength()
                            ? "the end of the model's context)"
                            : "as --max-completion-length says)"));
        }
    }

    private ChatModel.Answer answer(int[] prompt, long number) {
        if (!console.typed()) {
            return answer(prompt, number, () -> false);
        }
        try (StopSignal interrupt = StopSignal.ofInterrupt()) {
            return answer(prompt, number, interrupt::requested);
        }
    }

    private ChatModel.Answer answer(int[] prompt, long number, BooleanSupplier stop) {
        return model.answer(prompt, number, console::part, stop);
    }

    /**
     * How many of the oldest exchanges are left out so that the context has room for an answer.
     *
     * @throws UserError when it has none for an answer to the message alone
     */
    private int leftOut(String message) {
        int without = history.forgotten();
        int tokens = model.prompt(history.before(message, without)).length;
        while (tokens > model.room() && without < history.size()) {
            without++;
            tokens = model.prompt(history.before(message, without)).length;
        }
        if (tokens >= model.context()) {
            throw new UserError("The message has " + tokens
                    + " tokens with what the chat template puts round it, and the model's context of " + model.context()
                    + " leaves no room for an answer: shorten it.");
        }
        if (without > 0 && history.forgotten() == 0) {
            console.warn("the conversation has outgrown the model's context of " + model.context()
                    + " tokens: from now on its oldest exchanges are no longer read.");
        }
        return without;
    }
}

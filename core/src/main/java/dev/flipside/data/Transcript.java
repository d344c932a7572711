package dev.flipside.data;

import dev.flipside.text.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Dialogues written as one text, {@code "\n\nHuman: ... \n\nAssistant: ..."}, the form of HH-RLHF (Bai et al., arXiv
 * 2204.05862). White space around a turn is layout and is dropped; two turns of the same speaker in a row stay two
 * messages.
 */
final class Transcript {
    private static final Pattern SPEAKER = Pattern.compile("\\n\\n(Human|Assistant):");

    private Transcript() {}

    /**
     * The turns of a text that opens with a speaker, else empty. An empty last turn ("\n\nAssistant:" awaiting its
     * reply) is kept.
     */
    static Optional<List<Message>> parse(String text) {
        List<MatchResult> speakers = SPEAKER.matcher(text).results().toList();
        if (speakers.isEmpty() || speakers.get(0).start() != 0) {
            return Optional.empty();
        }
        List<Message> messages = new ArrayList<>();
        for (int i = 0; i < speakers.size(); i++) {
            int end = i + 1 < speakers.size() ? speakers.get(i + 1).start() : text.length();
            String turn = text.substring(speakers.get(i).end(), end).strip();
            messages.add(speakers.get(i).group(1).equals("Human") ? Message.user(turn) : Message.assistant(turn));
        }
        return Optional.of(messages);
    }
}

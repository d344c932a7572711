package dev.flipside.text;

import dev.flipside.config.UserError;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The one place where a conversation becomes token ids, for one model: rendering and tokenising are a single operation,
 * no special token is added afterwards, and two BOS tokens in a row are refused.
 *
 * <p>What a reward model reads ({@link Rendered}) is the whole text encoded at once. What a policy writes
 * ({@link Continued}) is the prompt's tokens and the completion's own behind them; the two differ where a token reaches
 * across their border.
 *
 * <p>With a chat template the template writes every special token. Without one a prompt is a single user message: its
 * raw text with the tokenizer's own leading special tokens, then the completion, then EOS. Special tokens spelled out
 * in a message become their ids, as in transformers; {@link #spelledSpecialTokens} finds them.
 */
public final class Renderer implements AutoCloseable {
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final int eosId;

    /** @param eosId what ends a finished completion where there is no template */
    public Renderer(Tokenizer tokenizer, Optional<ChatTemplate> template, int eosId) {
        this.tokenizer = tokenizer;
        this.template = template;
        this.eosId = eosId;
    }

    /** Whether a chat template tells the turns of a conversation apart. */
    public boolean hasTemplate() {
        return template.isPresent();
    }

    /**
     * The ids after which the model writes its reply.
     *
     * @throws UserError when the model has no template and the conversation is more than one user message, when the
     *     template refuses it, or when it has no ids
     */
    public int[] prompt(Conversation prompt) {
        return template.map(chat -> checked(tokenizer.encode(chat.render(prompt, true), false)))
                .orElseGet(() -> rawPrompt(rawText(prompt)));
    }

    /** A whole conversation as the chat template ends it, not checked for anything; none without a template. */
    public Optional<int[]> finished(Conversation conversation) {
        return template.map(chat -> tokenizer.encode(chat.render(conversation, false), false));
    }

    /**
     * A prompt with a completion, encoded at once.
     *
     * @param finished whether the model ended its turn: then the template's end of turn (without a template: EOS)
     *     follows; a truncated completion ends with its own last token
     * @throws UserError as {@link #prompt}, and when the template rewrites the prompt once a reply follows it
     */
    public Rendered complete(Conversation prompt, String completion, boolean finished) {
        Texts texts = texts(prompt, completion, finished);
        return Rendered.of(texts.promptIds(), withEnd(texts.wholeIds(), finished));
    }

    /**
     * A whole conversation whose last message is the assistant's.
     *
     * @throws UserError as {@link #complete}, and when no assistant turn ends it or nothing stands before that turn
     */
    public Rendered conversation(Conversation conversation) {
        String reply = reply(conversation);
        return complete(beforeReply(conversation), reply, true);
    }

    /** {@link #conversation} with the last turn's tokens behind the prompt's. */
    public Continued turn(Conversation conversation) {
        String reply = reply(conversation);
        Texts texts = texts(beforeReply(conversation), reply, true);
        Continued joined = join(texts.promptIds(), texts.wholeIds(), texts.suffix());
        return new Continued(withEnd(joined.ids(), true), joined.promptLength(), joined.joined());
    }

    /** @param suffix what the whole text adds to the prompt's */
    private record Texts(int[] promptIds, int[] wholeIds, String suffix) {}

    private Texts texts(Conversation prompt, String completion, boolean finished) {
        if (template.isEmpty()) {
            String before = rawText(prompt);
            return new Texts(rawPrompt(before), rawPrompt(before + completion), completion);
        }
        ChatTemplate chat = template.orElseThrow();
        String before = chat.render(prompt, true);
        String whole = finished ? chat.render(prompt.withReply(completion), false) : before + completion;
        requirePrefix(before, whole);
        return new Texts(
                checked(tokenizer.encode(before, false)),
                checked(tokenizer.encode(whole, false)),
                whole.substring(before.length()));
    }

    /** A template writes the end of a turn itself. */
    private int[] withEnd(int[] ids, boolean finished) {
        return finished && template.isEmpty() ? Tokenizer.concat(ids, new int[] {eosId}) : ids;
    }

    private static String reply(Conversation conversation) {
        return conversation
                .finalReply()
                .orElseThrow(() -> new UserError("The conversation ends with the role '"
                        + conversation.last().role()
                        + "': the last message must be the assistant's, since that is what is scored."));
    }

    private static Conversation beforeReply(Conversation conversation) {
        return conversation
                .beforeLast()
                .orElseThrow(() -> new UserError(
                        "The conversation is a single assistant message: it needs a user message before it."));
    }

    /**
     * Text that is already rendered, encoded with the tokenizer's own special tokens, as transformers does when it is
     * handed a string.
     */
    public int[] text(String rendered) {
        return checked(tokenizer.encode(rendered, true));
    }

    /** A raw prompt and the tokens that follow it, without template and without an end token. */
    public Continued continuation(String prompt, String completion) {
        return join(rawPrompt(prompt), rawPrompt(prompt + completion), completion);
    }

    /** Whether the tokenizer has tokens for all of a text. */
    public boolean encodes(String text) {
        return tokenizer.encodes(text);
    }

    /**
     * Where a merge across the border between prompt and reply changes the prompt's own tokens: {@link #complete} then
     * begins with other ids than {@link #prompt}. Empty where nothing merges.
     *
     * @throws UserError as {@link #complete}
     */
    public Optional<PrefixMismatch> prefixMismatch(Conversation prompt, String reply) {
        if (!complete(prompt, reply, true).merges()) {
            return Optional.empty();
        }
        String before = template.map(chat -> chat.render(prompt, true)).orElseGet(() -> rawText(prompt));
        String whole = template.map(chat -> chat.render(prompt.withReply(reply), false))
                .orElseGet(() -> before + reply);
        int[] alone = tokenizer.encode(before, false);
        int[] joined = tokenizer.encode(whole, false);
        int[] starts = tokenizer.starts(whole);
        int first = Math.max(0, Arrays.mismatch(alone, joined));
        int border = first;
        while (border < joined.length && starts[border] < before.length()) {
            border++;
        }
        int character = Math.min(starts[Math.min(first, starts.length - 1)], before.length());
        return Optional.of(new PrefixMismatch(
                character,
                before.substring(character).replace("\n", "\\n"),
                tokens(alone, first, alone.length),
                tokens(joined, first, Math.max(border, first + 1))));
    }

    private List<String> tokens(int[] ids, int from, int to) {
        return IntStream.range(from, Math.min(to, ids.length))
                .mapToObj(i -> tokenizer.tokenText(ids[i]).replace("\n", "\\n"))
                .toList();
    }

    /**
     * Whether a rendering begins without the BOS token that the tokenizer puts before plain texts: its chat template
     * leaves it out, as transformers does then.
     */
    public boolean lacksBos(int[] ids) {
        OptionalInt bos = tokenizer.bosId();
        int[] around = tokenizer.encode("", true);
        return bos.isPresent() && around.length > 0 && around[0] == bos.getAsInt() && ids[0] != bos.getAsInt();
    }

    /** The special tokens that a message spells out; see {@link Tokenizer#spelledSpecialTokens}. */
    public List<String> spelledSpecialTokens(String text) {
        return tokenizer.spelledSpecialTokens(text);
    }

    /** The text a completion adds to its prompt; see {@link Tokenizer#completionText}. */
    public String completionText(int[] promptIds, int[] completionIds) {
        return tokenizer.completionText(promptIds, completionIds);
    }

    /**
     * Ids for a person to read: tokens parted by {@code ·}, line breaks written {@code \n} and kept, each mark in
     * {@code ⟦ ⟧} behind the token at its position.
     *
     * @param marks position to mark, such as {@link Rendered#rewardPosition} to "reward"
     */
    public String show(int[] ids, Map<Integer, String> marks) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < ids.length; i++) {
            String text = tokenizer.tokenText(ids[i]).replace("\r", "\\r").replace("\t", "\\t");
            out.append(text.replace("\n", "\\n"));
            if (marks.containsKey(i)) {
                out.append('⟦').append(marks.get(i)).append('⟧');
            }
            if (i + 1 < ids.length) {
                out.append(text.endsWith("\n") ? "\n" : "·");
            }
        }
        return out.toString();
    }

    private String rawText(Conversation prompt) {
        if (prompt.messages().size() != 1 || !prompt.last().role().equals(Message.USER)) {
            throw new UserError(
                    "The model has no chat template, so a prompt must be a single user message; this one has "
                            + prompt.messages().size() + " message(s), the last with the role '"
                            + prompt.last().role()
                            + "': set a chat template (chat_template.jinja in the model directory).");
        }
        return prompt.last().content();
    }

    /** Leading special tokens and the text: what a tokenizer appends (EOS) would end the prompt before the reply. */
    private int[] rawPrompt(String text) {
        int[] plain = tokenizer.encode(text, false);
        int[] whole = tokenizer.encode(text, true);
        int start = 0;
        while (!Arrays.equals(whole, start, start + plain.length, plain, 0, plain.length)) {
            start++;
            if (start + plain.length > whole.length) {
                throw new IllegalStateException("special tokens changed the ids of the text between them");
            }
        }
        if (plain.length == 0) {
            OptionalInt bos = tokenizer.bosId();
            boolean leads = whole.length > 0 && bos.isPresent() && whole[0] == bos.getAsInt();
            return checked(leads ? new int[] {whole[0]} : new int[0]);
        }
        return checked(Arrays.copyOf(whole, start + plain.length));
    }

    private int[] checked(int[] ids) {
        if (ids.length == 0) {
            throw new UserError(
                    "A prompt is empty and the model puts no token before it, so there is nothing to continue: remove the empty prompt.");
        }
        OptionalInt bos = tokenizer.bosId();
        if (ids.length > 1 && bos.isPresent() && ids[0] == bos.getAsInt() && ids[1] == bos.getAsInt()) {
            throw new UserError("A rendered text begins with two BOS tokens ("
                    + tokenizer.specialTokens().bos().orElseThrow()
                    + "): remove the one that the text or the chat template writes itself.");
        }
        return ids;
    }

    private Continued join(int[] promptIds, int[] wholeIds, String suffix) {
        boolean kept = !Rendered.of(promptIds, wholeIds).merges();
        int[] ids = kept ? wholeIds : Tokenizer.concat(promptIds, continuationIds(promptIds, suffix));
        return new Continued(ids, promptIds.length, !kept);
    }

    /**
     * Ids of a text in the middle of another: where encoding it alone would put a space before it, a line break stands
     * in for the text before.
     */
    private int[] continuationIds(int[] before, String text) {
        int[] alone = tokenizer.encode(text, false);
        String joined = tokenizer.decode(Tokenizer.concat(before, alone), false);
        if (joined.equals(tokenizer.decode(before, false) + text)) {
            return alone;
        }
        int[] anchor = tokenizer.encode("\n", false);
        int[] anchored = tokenizer.encode("\n" + text, false);
        boolean apart =
                anchored.length >= anchor.length && Arrays.equals(anchor, 0, anchor.length, anchored, 0, anchor.length);
        return apart ? Arrays.copyOfRange(anchored, anchor.length, anchored.length) : alone;
    }

    private static void requirePrefix(String promptText, String whole) {
        int same = Arrays.mismatch(promptText.toCharArray(), whole.toCharArray());
        if (same >= 0 && same < promptText.length()) {
            throw new UserError(
                    "The chat template writes the prompt differently once a reply follows: at character " + same
                            + " '" + excerpt(promptText, same) + "' becomes '" + excerpt(whole, same)
                            + "', so no position in the prompt can be scored; use a template that only appends.");
        }
    }

    private static String excerpt(String text, int from) {
        String part = text.substring(from, Math.min(text.length(), from + 30));
        return part.replace("\n", "\\n");
    }

    /** The text of some ids, special tokens spelled out. */
    public String decode(int[] ids) {
        return tokenizer.decode(ids, false);
    }

    /** Closes the tokenizer. */
    @Override
    public void close() {
        tokenizer.close();
    }
}

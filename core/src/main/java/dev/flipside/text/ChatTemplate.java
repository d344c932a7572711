package dev.flipside.text;

import dev.flipside.config.UserError;
import dev.flipside.text.jinja.Template;
import dev.flipside.text.jinja.TemplateException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A model's chat template: Jinja from {@code chat_template.jinja} or {@code tokenizer_config.json}, rendered as
 * transformers renders it.
 *
 * <p>Templates are untrusted: they can neither read files nor reach Java, braces inside a message stay text, and output
 * is bounded. What is not supported is a {@link UserError}, never missing text. Instances are immutable and may be
 * shared by threads.
 */
public final class ChatTemplate {
    /** What {@link #render} sets itself. */
    private static final Set<String> OWN_VARIABLES =
            Set.of("messages", "add_generation_prompt", "tools", "documents", "strftime_now", "raise_exception");

    private final String origin;
    private final Template template;
    private final SpecialTokens specialTokens;
    private final Clock clock;
    private final Map<String, Object> variables;

    /**
     * @param origin what errors call this template: its file
     * @param source the Jinja text
     * @param specialTokens what {@code bos_token} and its like stand for; a token that is not named is undefined
     * @param clock what {@code strftime_now} reads: a fixed one, so that scores do not depend on the day
     * @throws UserError when the source is not Jinja or uses what is not supported
     */
    public ChatTemplate(String origin, String source, SpecialTokens specialTokens, Clock clock) {
        this(origin, parsed(origin, source), specialTokens, clock, Map.of());
    }

    private ChatTemplate(
            String origin, Template template, SpecialTokens specialTokens, Clock clock, Map<String, Object> variables) {
        this.origin = origin;
        this.template = template;
        this.specialTokens = specialTokens;
        this.clock = clock;
        this.variables = variables;
    }

    private static Template parsed(String origin, String source) {
        try {
            return Template.parse(source);
        } catch (TemplateException e) {
            throw failed(origin, e);
        }
    }

    private static UserError failed(String origin, TemplateException e) {
        String line = e.line() > 0 ? " (line " + e.line() + ")" : "";
        return new UserError(
                "The chat template in " + origin + line + " cannot be rendered: " + e.getMessage() + ".", e);
    }

    /**
     * The template of a model directory, see {@link TemplateSource#in}.
     *
     * @param clock what {@code strftime_now} reads, but for a template that was trained with a day
     * @throws UserError when the template cannot be read
     */
    public static Optional<ChatTemplate> load(Path modelDir, SpecialTokens specialTokens, Clock clock) {
        return TemplateSource.in(modelDir).map(source -> source.template(specialTokens, clock));
    }

    /**
     * This template with more variables, such as {@code enable_thinking}; they stand before special tokens of the same
     * name.
     *
     * @throws UserError when the template does not read one of them, or it is one that every rendering sets
     */
    public ChatTemplate with(Map<String, Object> more) {
        for (String name : more.keySet()) {
            if (OWN_VARIABLES.contains(name)) {
                throw new UserError("chat_template_kwargs: '" + name
                        + "' is set for every rendering and cannot be given: remove it.");
            }
            if (!reads(name)) {
                throw new UserError("chat_template_kwargs: the chat template in " + origin + " does not read '" + name
                        + "', so it would change nothing: remove it or correct its name.");
            }
        }
        return new ChatTemplate(origin, template, specialTokens, clock, new LinkedHashMap<>(more));
    }

    /** Whether a variable or function of this name occurs in the template. */
    public boolean reads(String name) {
        return template.names().contains(name);
    }

    /**
     * The conversation as the model reads it.
     *
     * @param addGenerationPrompt whether the text ends where the assistant's next turn begins
     * @throws UserError when the template refuses the conversation or cannot be rendered
     */
    public String render(Conversation conversation, boolean addGenerationPrompt) {
        try {
            return template.render(bindings(conversation, addGenerationPrompt), this::now);
        } catch (TemplateException e) {
            throw e.isRefusal()
                    ? new UserError(
                            "The chat template in " + origin + " refuses a conversation with roles "
                                    + roles(conversation) + ": " + e.getMessage(),
                            e)
                    : failed(origin, e);
        }
    }

    private Optional<String> now(String format) {
        return Strftime.format(ZonedDateTime.now(clock), format);
    }

    private static List<String> roles(Conversation conversation) {
        return conversation.messages().stream().map(Message::role).toList();
    }

    private Map<String, Object> bindings(Conversation conversation, boolean addGenerationPrompt) {
        Map<String, Object> bindings = new HashMap<>();
        specialTokens.bos().ifPresent(token -> bindings.put("bos_token", token));
        specialTokens.eos().ifPresent(token -> bindings.put("eos_token", token));
        specialTokens.pad().ifPresent(token -> bindings.put("pad_token", token));
        specialTokens.unk().ifPresent(token -> bindings.put("unk_token", token));
        bindings.putAll(specialTokens.others());
        bindings.putAll(variables);
        bindings.put(
                "messages",
                conversation.messages().stream().map(ChatTemplate::dict).toList());
        bindings.put("add_generation_prompt", addGenerationPrompt);
        bindings.put("tools", null);
        bindings.put("documents", null);
        return bindings;
    }

    private static Map<String, Object> dict(Message message) {
        Map<String, Object> dict = new LinkedHashMap<>();
        dict.put("role", message.role());
        dict.put("content", message.content());
        return dict;
    }
}

package dev.flipside.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.el.JinjavaInterpreterResolver;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import dev.flipside.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import jinjava.javax.el.CompositeELResolver;

/**
 * A model's chat template: Jinja from {@code chat_template.jinja} or {@code tokenizer_config.json}, rendered as transformers renders it.
 *
 * <p>Templates are untrusted: they can neither read files nor reach Java, braces inside a message stay text, and output is bounded. Whatever jinjava cannot do
 * is a {@link UserError}, never missing text. Instances are immutable and may be shared by threads.
 */
public final class ChatTemplate {
    private static final long MAX_OUTPUT_CHARACTERS = 1L << 26;
    private static final String RAISED = "raise_exception";
    // Holds a space, so that no template can name it.
    private static final String CLOCK = "template clock";

    private final String origin;
    private final String jinja;
    private final SpecialTokens specialTokens;
    private final Clock clock;
    private final Jinjava jinjava;

    /**
     * @param origin what errors call this template: its file
     * @param source the Jinja text
     * @param specialTokens what {@code bos_token} and its like stand for; a token that is not named is empty text
     * @param clock what {@code strftime_now} reads: a fixed one, so that scores do not depend on the day
     * @throws UserError when the template uses a filter or test that is not known
     */
    public ChatTemplate(String origin, String source, SpecialTokens specialTokens, Clock clock) {
        TemplateSource parsed = TemplateSource.parse(source);
        this.origin = origin;
        this.jinja = parsed.jinja();
        this.specialTokens = specialTokens;
        this.clock = clock;
        this.jinjava = engine();
        Context known = jinjava.getGlobalContext();
        parsed.filters().stream().filter(name -> known.getFilter(name) == null).forEach(name -> refuse("filter", name));
        parsed.tests().stream().filter(name -> known.getExpTest(name) == null).forEach(name -> refuse("test", name));
    }

    private void refuse(String kind, String name) {
        throw new UserError("The chat template in " + origin + " uses the " + kind + " '" + name
                + "', which is not supported: write the template without it.");
    }

    /**
     * The template of a model directory: {@code chat_template.jinja}, else {@code chat_template} in {@code tokenizer_config.json} (a text, or a list of which
     * {@code default} is taken), else none.
     *
     * @throws UserError when the template cannot be read
     */
    public static Optional<ChatTemplate> load(Path modelDir, SpecialTokens specialTokens, Clock clock) {
        Path jinjaFile = modelDir.resolve("chat_template.jinja");
        if (Files.isRegularFile(jinjaFile)) {
            try {
                String source = Files.readString(jinjaFile);
                return Optional.of(new ChatTemplate(jinjaFile.toString(), source, specialTokens, clock));
            } catch (IOException e) {
                throw new UserError(
                        jinjaFile + " cannot be read as UTF-8 text (" + SpecialTokens.firstLine(e)
                                + "): copy the model directory again.",
                        e);
            }
        }
        Path config = modelDir.resolve("tokenizer_config.json");
        JsonNode template = SpecialTokens.readObject(config).path("chat_template");
        return source(config, template)
                .map(source -> new ChatTemplate(config + " (chat_template)", source, specialTokens, clock));
    }

    private static Optional<String> source(Path config, JsonNode template) {
        if (template.isMissingNode() || template.isNull()) {
            return Optional.empty();
        }
        if (template.isTextual()) {
            return Optional.of(template.asText());
        }
        for (JsonNode named : template) {
            if (named.path("name").asText().equals("default")
                    && named.path("template").isTextual()) {
                return Optional.of(named.path("template").asText());
            }
        }
        throw new UserError(
                config
                        + " has a chat_template that is neither a text nor a list with a template named 'default': give it one of the two.");
    }

    /**
     * The conversation as the model reads it.
     *
     * @param addGenerationPrompt whether the text ends where the assistant's next turn begins
     * @throws UserError when the template refuses the conversation or cannot be rendered
     */
    public String render(Conversation conversation, boolean addGenerationPrompt) {
        RenderResult result = jinjava.renderForResult(jinja, bindings(conversation, addGenerationPrompt));
        for (TemplateError error : result.getErrors()) {
            String line = error.getLineno() > 0 ? " (line " + error.getLineno() + ")" : "";
            String message =
                    String.valueOf(error.getMessage()).lines().findFirst().orElse("");
            throw RAISED.equals(error.getFieldName())
                    ? new UserError("The chat template in " + origin + " refuses a conversation with roles "
                            + roles(conversation) + ": " + message)
                    : new UserError("The chat template in " + origin + line + " cannot be rendered: " + message);
        }
        return result.getOutput();
    }

    private static List<String> roles(Conversation conversation) {
        return conversation.messages().stream().map(Message::role).toList();
    }

    private Map<String, Object> bindings(Conversation conversation, boolean addGenerationPrompt) {
        Map<String, Object> bindings = new HashMap<>();
        bindings.put(
                "messages",
                conversation.messages().stream()
                        .map(message -> Map.of("role", message.role(), "content", message.content()))
                        .toList());
        bindings.put("add_generation_prompt", addGenerationPrompt);
        bindings.put("tools", null);
        bindings.put("documents", null);
        // Never null: jinjava would join a missing token to other text as the word "null".
        bindings.put("bos_token", specialTokens.bos().orElse(""));
        bindings.put("eos_token", specialTokens.eos().orElse(""));
        bindings.put("pad_token", specialTokens.pad().orElse(""));
        bindings.put("unk_token", specialTokens.unk().orElse(""));
        // Templates ask "strftime_now is defined"; jinjava does not count functions as defined.
        bindings.put("strftime_now", true);
        bindings.put(CLOCK, clock);
        return bindings;
    }

    private static Jinjava engine() {
        CompositeELResolver resolver = new CompositeELResolver();
        resolver.add(new PythonMethods());
        resolver.add(JinjavaInterpreterResolver.DEFAULT_RESOLVER_READ_ONLY);
        // With other overrides, trimming and operator precedence differ from Jinja's and published templates
        // come out with stray white space.
        LegacyOverrides likeJinja = LegacyOverrides.newBuilder()
                .withUsePyishObjectMapper(true)
                .withWhitespaceRequiredWithinTokens(false)
                .withParseWhitespaceControlStrictly(true)
                .withUseTrimmingForNotesAndExpressions(true)
                .withKeepNullableLoopValues(true)
                .withUseNaturalOperatorPrecedence(true)
                .build();
        Jinjava jinjava = new Jinjava(JinjavaConfig.newBuilder()
                .withTrimBlocks(true)
                .withLstripBlocks(true)
                .withNestedInterpretationEnabled(false)
                .withMaxOutputSize(MAX_OUTPUT_CHARACTERS)
                .withElResolver(resolver)
                .withLegacyOverrides(likeJinja)
                .build());
        jinjava.setResourceLocator((name, encoding, interpreter) -> {
            throw new IOException("a chat template cannot include " + name);
        });
        Context context = jinjava.getGlobalContext();
        context.registerFunction(function(RAISED, "raiseException"));
        context.registerFunction(function("strftime_now", "strftimeNow"));
        return jinjava;
    }

    private static ELFunctionDefinition function(String name, String method) {
        return new ELFunctionDefinition("", name, ChatTemplate.class, method, String.class);
    }

    /** {@code raise_exception} of a template; called by jinjava, which needs it public and static. */
    public static Object raiseException(String message) {
        report(RAISED, message);
        return "";
    }

    /** {@code strftime_now} of a template; called by jinjava, which needs it public and static. */
    public static Object strftimeNow(String format) {
        Clock clock = (Clock) JinjavaInterpreter.getCurrent().getContext().get(CLOCK);
        Optional<String> date = Strftime.format(ZonedDateTime.now(clock), format);
        if (date.isEmpty()) {
            report("strftime_now", "strftime_now('" + format + "') has a code that is not supported");
        }
        return date.orElse("");
    }

    private static void report(String field, String message) {
        JinjavaInterpreter.getCurrent()
                .addError(new TemplateError(
                        TemplateError.ErrorType.FATAL,
                        TemplateError.ErrorReason.OTHER,
                        message,
                        field,
                        JinjavaInterpreter.getCurrent().getLineNumber(),
                        -1,
                        null));
    }
}

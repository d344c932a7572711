package dev.flipside.config;

import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** How conversations become a model's text; used by every section that names a model. */
public record ChatTemplateConfig(
        @Doc("Jinja file that replaces the model's own chat template.") Optional<String> chatTemplate,
        @Doc(
                        "Variables that the chat template reads besides the messages, such as `{enable_thinking: false}`. One that it does not read is refused.")
                Map<String, Object> chatTemplateKwargs,
        @Doc(
                        "Day, as yyyy-mm-dd, that a chat template with `strftime_now` takes for today. None is 2024-07-26, so that scores do not depend on the day.")
                Optional<String> chatTemplateDate) {

    /** What templates that print a date see where no day is given. */
    public static final LocalDate STANDARD_DAY = LocalDate.of(2024, 7, 26);

    public ChatTemplateConfig {
        chatTemplate = chatTemplate == null ? Optional.empty() : chatTemplate;
        chatTemplateKwargs = chatTemplateKwargs == null
                ? Map.of()
                : Collections.unmodifiableMap(new LinkedHashMap<>(chatTemplateKwargs));
        chatTemplateDate = chatTemplateDate == null ? Optional.empty() : chatTemplateDate;
        chatTemplateDate.ifPresent(ChatTemplateConfig::day);
    }

    /** The model's own template, and nothing else said. */
    public static ChatTemplateConfig defaults() {
        return new ChatTemplateConfig(Optional.empty(), Map.of(), Optional.empty());
    }

    /** What is said, by option, for files that must not mix results of two renderings; empty where nothing is. */
    public Map<String, Object> said() {
        Map<String, Object> said = new LinkedHashMap<>();
        chatTemplate.ifPresent(file -> said.put("chat_template", file));
        if (!chatTemplateKwargs.isEmpty()) {
            said.put("chat_template_kwargs", chatTemplateKwargs);
        }
        chatTemplateDate.ifPresent(day -> said.put("chat_template_date", day));
        return said;
    }

    /** What a template takes for today, where it is said. */
    public Optional<LocalDate> day() {
        return chatTemplateDate.map(ChatTemplateConfig::day);
    }

    private static LocalDate day(String text) {
        try {
            return LocalDate.parse(text);
        } catch (DateTimeParseException e) {
            throw new UserError(
                    "chat_template_date '" + text + "' is not a day; write it as yyyy-mm-dd, such as 2024-07-26.", e);
        }
    }
}

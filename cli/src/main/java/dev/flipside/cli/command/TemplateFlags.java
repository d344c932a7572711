package dev.flipside.cli.command;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.UserError;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How conversations are rendered, where that is not as the model's directory alone says. */
public final class TemplateFlags {
    @Option(
            names = "--chat-template",
            paramLabel = "FILE",
            description = "Jinja file that replaces the model's own chat template.")
    private String chatTemplate;

    @Option(
            names = "--chat-template-kwargs",
            paramLabel = "MAP",
            description = "Variables that the chat template reads, such as '{enable_thinking: false}'.")
    private String kwargs;

    @Option(
            names = "--chat-template-date",
            paramLabel = "DAY",
            description = "Day, as yyyy-mm-dd, that the chat template takes for today (default: 2024-07-26).")
    private String date;

    public ChatTemplateConfig config() {
        Map<String, Object> variables = kwargs == null ? Map.of() : variables();
        return new ChatTemplateConfig(Optional.ofNullable(chatTemplate), variables, Optional.ofNullable(date));
    }

    public boolean given() {
        return chatTemplate != null || kwargs != null || date != null;
    }

    private Map<String, Object> variables() {
        YAMLMapper yaml = YAMLMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build();
        try {
            JsonNode map = yaml.readTree(kwargs);
            if (map.isObject()) {
                return yaml.convertValue(map, new TypeReference<>() {});
            }
        } catch (JacksonException e) {
            throw notAMap(e);
        }
        throw notAMap(null);
    }

    private UserError notAMap(Exception cause) {
        return new UserError(
                "--chat-template-kwargs '" + kwargs
                        + "' is not a map in YAML or JSON; write it as '{enable_thinking: false}'.",
                cause);
    }
}

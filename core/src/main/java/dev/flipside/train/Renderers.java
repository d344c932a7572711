package dev.flipside.train;

import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.UserError;
import dev.flipside.model.ModelFiles;
import dev.flipside.text.ChatTemplate;
import dev.flipside.text.Renderer;
import dev.flipside.text.SpecialTokens;
import dev.flipside.text.TemplateSource;
import dev.flipside.text.Tokenizer;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Loads the tokenizer and the chat template that belong to a model. */
public final class Renderers {
    private Renderers() {}

    /**
     * @param dir where tokenizer.json and the chat template are
     * @param config a Jinja file that replaces the directory's own template, and what the template reads
     * @param files says which token ends a completion
     * @throws UserError when a file cannot be read, or what is set for the template cannot change anything
     */
    public static Renderer load(Path dir, ChatTemplateConfig config, ModelFiles files) {
        Path source = tokenizerDirectory(dir);
        Tokenizer tokenizer = Tokenizer.load(source);
        return new Renderer(tokenizer, template(source, config, tokenizer.specialTokens()), endId(tokenizer, files));
    }

    /**
     * The chat template that a model trained under this configuration is saved with; none where its own directory says
     * all of it.
     *
     * @param dir of the model that the configuration names
     */
    public static Optional<String> toSave(Path dir, ChatTemplateConfig config) {
        Path source = tokenizerDirectory(dir);
        Optional<TemplateSource> own = TemplateSource.in(source);
        return configured(source, config)
                .filter(template -> !own.map(template::rendersAs).orElse(false))
                .map(TemplateSource::text);
    }

    /**
     * What is to be told of a configuration under which a model reads its input otherwise than its own directory says,
     * so perhaps otherwise than it was trained.
     *
     * @param dir of the model
     */
    public static Optional<String> departure(Path dir, ChatTemplateConfig config) {
        Path source = tokenizerDirectory(dir);
        Optional<TemplateSource> own = TemplateSource.in(source);
        if (own.isEmpty()) {
            return Optional.empty();
        }
        TemplateSource saved = own.get();
        TemplateSource now = configured(source, config).orElseThrow();
        List<String> changes = new ArrayList<>();
        if (!now.jinja().equals(saved.jinja())) {
            changes.add("chat_template " + now.origin() + " is another than " + saved.origin());
        }
        saved.variables().forEach((name, value) -> {
            if (!Objects.equals(now.variables().get(name), value)) {
                changes.add("chat_template_kwargs " + name + " is "
                        + now.variables().getOrDefault(name, "not set") + " and was " + value);
            }
        });
        saved.day()
                .filter(day -> !now.day().equals(saved.day()))
                .ifPresent(day -> changes.add("chat_template_date is "
                        + now.day().map(LocalDate::toString).orElse("not set") + " and was " + day));
        return changes.isEmpty()
                ? Optional.empty()
                : Optional.of(String.join(", ", changes) + ": " + dir
                        + " was saved with its own and may have learnt to read nothing else.");
    }

    private static Path tokenizerDirectory(Path dir) {
        // An adapter without a tokenizer of its own has its base's.
        return ModelFiles.isAdapter(dir) ? ModelFiles.open(dir).tokenizerDirectory() : dir;
    }

    private static Optional<TemplateSource> configured(Path dir, ChatTemplateConfig config) {
        return config.chatTemplate()
                .map(file -> UserError.under("chat_template", () -> TemplateSource.read(Path.of(file))))
                .or(() -> TemplateSource.in(dir))
                .map(template -> template.with(config.chatTemplateKwargs(), config.day()));
    }

    private static Optional<ChatTemplate> template(Path dir, ChatTemplateConfig config, SpecialTokens tokens) {
        Optional<ChatTemplate> template = configured(dir, config)
                .map(source -> source.template(tokens, TemplateSource.clock(ChatTemplateConfig.STANDARD_DAY)));
        if (template.isEmpty() && !config.chatTemplateKwargs().isEmpty()) {
            throw new UserError("chat_template_kwargs: " + dir
                    + " has no chat template that could read them; remove them or set chat_template.");
        }
        if (config.chatTemplateDate().isPresent()
                && !template.map(t -> t.reads("strftime_now")).orElse(false)) {
            throw new UserError("chat_template_date: the chat template of " + dir
                    + " does not read the date (strftime_now), so it would change nothing; remove it.");
        }
        return template;
    }

    /**
     * What ends a completion where no template says it: the tokenizer's own end token if the model stops at it, else
     * the lowest id at which it stops.
     */
    private static int endId(Tokenizer tokenizer, ModelFiles files) {
        return tokenizer.eosId().stream()
                .filter(files.eosIds()::contains)
                .findFirst()
                .orElseGet(
                        () -> files.eosIds().stream()
                                .mapToInt(i -> i)
                                .min()
                                .orElseThrow(
                                        () -> new UserError(
                                                files.directory()
                                                        + ": neither config.json, generation_config.json nor the tokenizer names an end token that the model has; set eos_token_id in config.json.")));
    }
}

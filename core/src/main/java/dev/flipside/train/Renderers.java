package dev.flipside.train;

import dev.flipside.config.BoundedFile;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.config.UserError;
import dev.flipside.model.ModelFiles;
import dev.flipside.text.ChatTemplate;
import dev.flipside.text.Renderer;
import dev.flipside.text.SpecialTokens;
import dev.flipside.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
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
        // An adapter without a tokenizer of its own has its base's.
        Path source = ModelFiles.isAdapter(dir) ? ModelFiles.open(dir).tokenizerDirectory() : dir;
        Tokenizer tokenizer = Tokenizer.load(source);
        return new Renderer(tokenizer, template(source, config, tokenizer.specialTokens()), endId(tokenizer, files));
    }

    private static Optional<ChatTemplate> template(Path dir, ChatTemplateConfig config, SpecialTokens tokens) {
        Clock clock = Clock.fixed(config.day().atStartOfDay().toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
        Optional<ChatTemplate> template = config.chatTemplate()
                .map(file -> new ChatTemplate(file, read(Path.of(file)), tokens, clock))
                .or(() -> ChatTemplate.load(dir, tokens, clock));
        if (template.isEmpty() && !config.chatTemplateKwargs().isEmpty()) {
            throw new UserError("chat_template_kwargs: " + dir
                    + " has no chat template that could read them; remove them or set chat_template.");
        }
        if (config.chatTemplateDate().isPresent()
                && !template.map(t -> t.reads("strftime_now")).orElse(false)) {
            throw new UserError("chat_template_date: the chat template of " + dir
                    + " does not read the date (strftime_now), so it would change nothing; remove it.");
        }
        return template.map(t -> t.with(config.chatTemplateKwargs()));
    }

    /** What ends a completion where no template says it: the tokenizer's own end token if the model stops at it, else the lowest id at which it stops. */
    private static int endId(Tokenizer tokenizer, ModelFiles files) {
        if (files.eosIds().isEmpty()) {
            return tokenizer
                    .eosId()
                    .orElseThrow(
                            () -> new UserError(
                                    files.directory()
                                            + ": neither config.json, generation_config.json nor the tokenizer names an end token; set eos_token_id in config.json."));
        }
        return tokenizer.eosId().stream()
                .filter(files.eosIds()::contains)
                .findFirst()
                .orElseGet(() -> files.eosIds().stream().mapToInt(i -> i).min().orElseThrow());
    }

    private static String read(Path file) {
        try {
            return BoundedFile.text(file);
        } catch (IOException e) {
            throw new UserError("chat_template: " + file + " cannot be read (" + e + "); name a Jinja file.", e);
        }
    }
}

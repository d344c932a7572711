package dev.flipside.train;

import dev.flipside.config.UserError;
import dev.flipside.model.ModelFiles;
import dev.flipside.text.ChatTemplate;
import dev.flipside.text.Renderer;
import dev.flipside.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;

/** Loads the tokenizer and the chat template that belong to a model. */
public final class Renderers {
    /** Templates that print the date see this one, so that a score does not depend on the day it is computed. */
    private static final Clock TEMPLATE_CLOCK = Clock.fixed(Instant.parse("2024-07-26T00:00:00Z"), ZoneOffset.UTC);

    private Renderers() {}

    /**
     * @param dir where tokenizer.json and the chat template are
     * @param chatTemplate a Jinja file that replaces the directory's own template
     * @param files says which token ends a completion
     */
    public static Renderer load(Path dir, Optional<String> chatTemplate, ModelFiles files) {
        // An adapter without a tokenizer of its own has its base's.
        Path source = ModelFiles.isAdapter(dir) ? ModelFiles.open(dir).tokenizerDirectory() : dir;
        Tokenizer tokenizer = Tokenizer.load(source);
        Optional<ChatTemplate> template = chatTemplate
                .map(file -> new ChatTemplate(file, read(Path.of(file)), tokenizer.specialTokens(), TEMPLATE_CLOCK))
                .or(() -> ChatTemplate.load(source, tokenizer.specialTokens(), TEMPLATE_CLOCK));
        return new Renderer(tokenizer, template, endId(tokenizer, files));
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
            return Files.readString(file);
        } catch (IOException e) {
            throw new UserError("chat_template: " + file + " cannot be read (" + e + "); name a Jinja file.", e);
        }
    }
}

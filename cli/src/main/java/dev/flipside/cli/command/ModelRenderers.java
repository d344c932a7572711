package dev.flipside.cli.command;

import dev.flipside.cli.console.Console;
import dev.flipside.config.ChatTemplateConfig;
import dev.flipside.model.ModelFiles;
import dev.flipside.text.Renderer;
import dev.flipside.train.Renderers;

/** What a command renders conversations with, for a model that it has opened. */
public final class ModelRenderers {
    private ModelRenderers() {}

    /** The tokenizer and chat template in a model's own directory. */
    public static Renderer of(ModelFiles files) {
        return Renderers.load(files.tokenizerDirectory(), ChatTemplateConfig.defaults(), files);
    }

    /** The tokenizer in a model's directory, with its chat template or another, which is told. */
    public static Renderer of(Console console, ModelFiles files, ChatTemplateConfig template) {
        Renderers.departure(files.tokenizerDirectory(), template).ifPresent(console::warn);
        return Renderers.load(files.tokenizerDirectory(), template, files);
    }
}

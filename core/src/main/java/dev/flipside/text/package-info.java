/**
 * From conversations to token ids and back: the one place where text is rendered for a model.
 *
 * <p>{@link dev.flipside.text.Message} and {@link dev.flipside.text.Conversation} are what policy and reward model hand
 * to each other; {@link dev.flipside.text.Tokenizer} reads {@code tokenizer.json} ({@code TokenizerJson} completes it
 * as transformers does, with {@link dev.flipside.text.SpecialTokens} beside it, and {@code TokenizerCheck} refuses what
 * the native library would answer by ending the process, by way of {@code TokenizerSchema}, {@code PatternCost} and
 * {@code Charsmap}; {@code TokenizerLibrary} loads it); {@link dev.flipside.text.ChatTemplate} writes a conversation as
 * a model's own prompt text ({@link dev.flipside.text.TemplateSource} is its source, as it is read and saved; package
 * {@code jinja} runs the template, {@code Strftime} writes the dates it prints); {@link dev.flipside.text.Renderer}
 * joins the two and says which positions are scored ({@link dev.flipside.text.Rendered};
 * {@link dev.flipside.text.Continued} as a policy writes it; {@link dev.flipside.text.CompletionStream} as it comes,
 * token by token), and where prompt and reply merge ({@link dev.flipside.text.PrefixMismatch}).
 */
package dev.flipside.text;

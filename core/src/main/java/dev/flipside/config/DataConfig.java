package dev.flipside.config;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Section {@code data}: the files of a run. */
public record DataConfig(
        @Doc(
                        "Prompts to train on: JSONL(.gz), JSON, CSV or Parquet, or `org/name[@revision][:[config/]split]` on the Hub.")
                String prompts,
        @Doc("Held-out prompts for evaluation.") Optional<String> evalPrompts,
        @Doc("Labelled pairs for the guard (`save.guard`).") Optional<String> preferences,
        @Doc(
                        "A few [labelled pairs that somebody looked at](data.md#trusted-pairs), for the guard (`save.guard_memory: trusted`) or the gate (`save.gate_pairs: trusted`).")
                Optional<String> trustedPreferences,
        @Doc("Use at most this many of the trusted pairs, 0 for all.") int maxTrustedPreferences,
        @Doc("Held-out labelled pairs: `eval_rm` metrics, and the gate (`save.gate`).")
                Optional<String> evalPreferences,
        @Doc(
                        "What happens to a prompt that leaves no room for `rollout.max_completion_length`; what is dropped is counted.")
                LongPrompts longPrompts,
        @Doc("Use at most this many prompts, 0 for all.") int maxPrompts,
        @Doc("System prompt of every conversation, prompts and pairs alike, that has none of its own.")
                Optional<String> systemPrompt) {

    /** {@code data.long_prompts}. */
    public enum LongPrompts {
        ERROR,
        DROP
    }

    public static DataConfig defaults() {
        return new DataConfig(
                "",
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                Optional.empty(),
                LongPrompts.ERROR,
                0,
                Optional.empty());
    }

    /** The keys of labelled pairs that name a file. */
    Set<String> files() {
        Set<String> files = new HashSet<>();
        preferences.ifPresent(file -> files.add("preferences"));
        trustedPreferences.ifPresent(file -> files.add("trusted_preferences"));
        evalPreferences.ifPresent(file -> files.add("eval_preferences"));
        return files;
    }

    /** @throws UserError naming the key when a value is out of range */
    void validate(String section) {
        Ranges in = new Ranges(section);
        in.present("prompts", prompts, "a file of prompts");
        in.atLeast("max_prompts", maxPrompts, 0);
        in.atLeast("max_trusted_preferences", maxTrustedPreferences, 0);
        requireNotBlank(section, systemPrompt);
    }

    static void requireNotBlank(String section, Optional<String> systemPrompt) {
        if (systemPrompt.filter(String::isBlank).isPresent()) {
            throw new UserError(
                    section
                            + ".system_prompt: it is empty, which would put an empty system message before every prompt; write one, or remove the key.");
        }
    }
}

package dev.flipside.config;

/** What an answer looks like, whatever it says. */
public enum Looks {
    /** Tokens. */
    LENGTH,
    /** Headers, list items and bold passages outside code blocks: what style control counts. */
    MARKDOWN;

    /** In a sentence. */
    public String noun() {
        return this == LENGTH ? "length" : "Markdown";
    }

    /** In a sentence: the answer that has more of it. */
    public String more() {
        return this == LENGTH ? "the longer answer" : "the answer with more Markdown";
    }

    /** In a sentence: the answer that has less of it. */
    public String less() {
        return this == LENGTH ? "the shorter answer" : "the answer with less Markdown";
    }
}

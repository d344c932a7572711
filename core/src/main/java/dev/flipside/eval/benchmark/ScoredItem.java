package dev.flipside.eval.benchmark;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Objects;

/**
 * What is kept of an item: everything that its scoring needs, and none of its texts.
 *
 * @param prompt the beginning of the SHA-256 of the prompt, which tells prompts apart
 * @param rewards one per answer; empty when the item could not be scored
 * @param characters the answers' lengths
 * @param markdown the answers' Markdown marks, see {@link AnswerStyle}
 * @param cutTokens how many tokens were truncated from the prompt's beginning so that the longest answer fits into the
 *     model
 * @param alike comparisons of two answers that are the same tokens to the model, so that no model with its rendering
 *     can order them
 */
public record ScoredItem(
        String id,
        String subset,
        List<String> tags,
        String prompt,
        List<Integer> labels,
        List<AnswerPair> comparisons,
        List<Double> rewards,
        List<Integer> characters,
        List<Integer> markdown,
        int cutTokens,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<AnswerPair> alike) {

    public ScoredItem {
        tags = List.copyOf(tags);
        labels = List.copyOf(labels);
        comparisons = List.copyOf(comparisons);
        rewards = List.copyOf(rewards);
        characters = List.copyOf(characters);
        markdown = List.copyOf(markdown);
        // Not in the files of earlier versions.
        alike = List.copyOf(Objects.requireNonNullElse(alike, List.of()));
    }

    /** {@link #of(BenchmarkItem, List, int, List)} of answers that the model tells apart. */
    public static ScoredItem of(BenchmarkItem item, List<Double> rewards, int cutTokens) {
        return of(item, rewards, cutTokens, List.of());
    }

    /** An item with one reward per answer, or none. */
    public static ScoredItem of(BenchmarkItem item, List<Double> rewards, int cutTokens, List<AnswerPair> alike) {
        List<AnswerStyle> styles = item.answers().stream().map(AnswerStyle::of).toList();
        return new ScoredItem(
                item.id(),
                item.subset(),
                item.tags(),
                PromptKey.of(item.prompt()),
                item.labels(),
                item.comparisons(),
                rewards,
                styles.stream().map(AnswerStyle::characters).toList(),
                styles.stream().map(AnswerStyle::markdown).toList(),
                cutTokens,
                alike);
    }

    /** The same item, other rewards. */
    ScoredItem withRewards(List<Double> other) {
        return new ScoredItem(
                id, subset, tags, prompt, labels, comparisons, other, characters, markdown, cutTokens, alike);
    }

    @JsonIgnore
    public boolean isScored() {
        return !rewards.isEmpty();
    }

    /** By how much the better answer of a comparison is ahead. */
    double margin(AnswerPair pair) {
        return rewards.get(pair.better()) - rewards.get(pair.worse());
    }

    /** Comparisons that the rewards order as labelled. */
    @JsonIgnore
    int ordered() {
        return (int) comparisons.stream().filter(pair -> margin(pair) > 0).count();
    }

    /** Comparisons of two equal rewards. */
    @JsonIgnore
    int ties() {
        return (int) comparisons.stream().filter(pair -> margin(pair) == 0).count();
    }

    /** The share of comparisons that are ordered as labelled; a tie is not. NaN without a comparison. */
    double accuracy() {
        return (double) ordered() / comparisons.size();
    }

    /** Whether two results are of the same item. */
    boolean isSameItem(ScoredItem other) {
        return id.equals(other.id)
                && subset.equals(other.subset)
                && prompt.equals(other.prompt)
                && labels.equals(other.labels)
                && comparisons.equals(other.comparisons)
                && characters.equals(other.characters);
    }
}

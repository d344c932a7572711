package dev.flipside.train;

import dev.flipside.config.Looks;
import dev.flipside.data.PromptExample;
import dev.flipside.model.TokenRow;
import dev.flipside.reward.RewardFunction.Sample;
import dev.flipside.rollout.Completion;
import dev.flipside.rollout.FinishReason;
import dev.flipside.rollout.Group;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The prompts of one step with their sampled groups: token ids for the policy, texts for whatever grades them. All
 * groups have the same size.
 *
 * @param prompts one per group
 * @param groups sampled completions
 * @param texts the completions as text, {@code [prompt][sample]}
 */
record RolloutBatch(List<PromptExample> prompts, List<Group> groups, List<List<String>> texts) {
    RolloutBatch {
        prompts = List.copyOf(prompts);
        groups = List.copyOf(groups);
        texts = List.copyOf(texts);
        int size = groups.get(0).completions().size();
        if (prompts.size() != groups.size()
                || texts.size() != groups.size()
                || groups.stream().anyMatch(g -> g.completions().size() != size)) {
            throw new IllegalArgumentException("groups are not complete");
        }
    }

    int size() {
        return prompts.size();
    }

    int groupSize() {
        return groups.get(0).completions().size();
    }

    /** All completions, group after group. */
    List<Completion> completions() {
        return groups.stream().flatMap(g -> g.completions().stream()).toList();
    }

    /** Prompt and completion ids of every completion, group after group. */
    List<TokenRow> rows() {
        List<TokenRow> rows = new ArrayList<>();
        for (Group group : groups) {
            for (Completion completion : group.completions()) {
                int[] ids = new int[group.promptIds().length + completion.ids().length];
                System.arraycopy(group.promptIds(), 0, ids, 0, group.promptIds().length);
                System.arraycopy(completion.ids(), 0, ids, group.promptIds().length, completion.ids().length);
                rows.add(new TokenRow(ids, group.promptIds().length));
            }
        }
        return rows;
    }

    /** Where the completions of some groups stand among all of them. */
    int[] places(int[] prompts) {
        int[] places = new int[prompts.length * groupSize()];
        for (int i = 0; i < places.length; i++) {
            places[i] = prompts[i / groupSize()] * groupSize() + i % groupSize();
        }
        return places;
    }

    /** Sampled tokens. */
    long sampledTokens() {
        return Arrays.stream(lengths()).asLongStream().sum();
    }

    /** Prompt and completion tokens: what a pass over the batch reads. */
    long tokens() {
        return groups.stream()
                        .mapToLong(group -> (long) group.promptIds().length * groupSize())
                        .sum()
                + sampledTokens();
    }

    /** Completion lengths in tokens, group after group. */
    int[] lengths() {
        return completions().stream().mapToInt(c -> c.ids().length).toArray();
    }

    /** The mean length of a completion in tokens. */
    double meanLength() {
        return Arrays.stream(lengths()).average().orElse(0);
    }

    /** Which completions ended by themselves, {@code [prompt][sample]}. */
    boolean[][] finished() {
        boolean[][] finished = new boolean[size()][groupSize()];
        for (int p = 0; p < size(); p++) {
            for (int i = 0; i < groupSize(); i++) {
                finished[p][i] = groups.get(p).completions().get(i).finishReason() == FinishReason.STOP;
            }
        }
        return finished;
    }

    /**
     * Features of the completions, {@code [prompt][sample][feature]}.
     *
     * @param which in this order; empty for none
     */
    Optional<double[][][]> looks(List<Looks> which) {
        if (which.isEmpty()) {
            return Optional.empty();
        }
        double[][][] looks = new double[size()][groupSize()][];
        for (int p = 0; p < size(); p++) {
            for (int i = 0; i < groupSize(); i++) {
                int tokens = groups.get(p).completions().get(i).ids().length;
                String text = texts.get(p).get(i);
                looks[p][i] = which.stream()
                        .mapToDouble(look -> AnswerLooks.of(look, tokens, text))
                        .toArray();
            }
        }
        return Optional.of(looks);
    }

    /** What programmatic reward functions see, group after group. */
    List<Sample> samples() {
        List<Sample> samples = new ArrayList<>();
        for (int p = 0; p < size(); p++) {
            for (int i = 0; i < groupSize(); i++) {
                Completion completion = groups.get(p).completions().get(i);
                samples.add(new Sample(
                        prompts.get(p).prompt(),
                        texts.get(p).get(i),
                        completion.ids(),
                        completion.finishReason() == FinishReason.STOP,
                        prompts.get(p).columns()));
            }
        }
        return samples;
    }
}

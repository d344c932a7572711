package dev.flipside.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.config.UserError;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bookkeeping of generation, on a model whose logits betray every mistake in it. */
class GeneratorTest {
    private static final Seeds SEEDS = new Seeds(3);
    private static final List<int[]> PROMPTS = List.of(
            new int[] {3, 4, 5}, new int[] {7}, new int[] {2, 2, 2, 2, 2, 2, 2, 9}, new int[] {7, 8}, new int[] {
                11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6, 5, 4, 3
            });

    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 6, 9, 1000})
    void theRowBudgetDoesNotChangeCompletions(int maxRows) {
        assertSame(
                generate(generator(new HashedModel(), maxRows), PROMPTS),
                generate(generator(new HashedModel(), 4), PROMPTS));
    }

    @Test
    void theOrderOfPromptsDoesNotChangeCompletions() {
        List<Integer> order = List.of(3, 0, 4, 1, 2);
        List<int[]> shuffled = order.stream().map(PROMPTS::get).toList();
        List<Group> direct = generate(generator(new HashedModel(), 8), PROMPTS);
        List<Group> groups = generator(new HashedModel(), 8)
                .generate(shuffled, 4, SamplingOptions.plain(10), (p, s) -> key(order.get(p), s));
        assertSame(groups, order.stream().map(direct::get).toList());
    }

    @Test
    void samplesOfAGroupDifferAndKeysDecide() {
        List<Group> groups = generate(generator(new HashedModel(), 8), PROMPTS);
        for (Group group : groups) {
            assertThat(group.completions()).hasSize(4);
        }
        assertThat(groups.stream()
                        .flatMap(g -> g.completions().stream())
                        .map(c -> Arrays.toString(c.ids()))
                        .distinct()
                        .count())
                .isGreaterThan(10);
        List<Group> oneKey = generator(new HashedModel(), 8)
                .generate(PROMPTS, 4, SamplingOptions.plain(10), (prompt, sample) -> key(prompt, 0));
        for (Group group : oneKey) {
            assertThat(group.completions().get(3).ids())
                    .isEqualTo(group.completions().get(0).ids());
        }
    }

    @Test
    void logprobsAndEndsAreThoseOfTheCompletion() {
        int stopped = 0;
        int truncated = 0;
        for (Group group : generate(generator(new HashedModel(), 8), PROMPTS)) {
            for (Completion completion : group.completions()) {
                List<Integer> tokens =
                        new ArrayList<>(Arrays.stream(group.promptIds()).boxed().toList());
                int[] ids = completion.ids();
                for (int t = 0; t < ids.length; t++) {
                    double[] logits = HashedModel.logits(tokens);
                    double total = Arrays.stream(logits).map(Math::exp).sum();
                    // float32 logits of size 3.
                    assertThat(completion.logprobs()[t]).isCloseTo(logits[ids[t]] - Math.log(total), within(1e-6));
                    assertThat(ids[t] <= 1).isEqualTo(completion.finished() && t == ids.length - 1);
                    tokens.add(ids[t]);
                }
                assertThat(completion.logKeptMass()).isZero();
                if (completion.finishReason() == FinishReason.LENGTH) {
                    assertThat(ids).hasSize(Math.min(10, 24 - group.promptIds().length));
                    truncated++;
                } else {
                    stopped++;
                }
            }
        }
        assertThat(stopped).isPositive();
        assertThat(truncated).isPositive();
    }

    @Test
    void anEndTokenAtTheLimitIsAStop() {
        SampleKeys keys = GeneratorTest::key;
        List<Group> one = generator(new HashedModel(), 8).generate(PROMPTS, 40, SamplingOptions.plain(1), keys);
        for (Group group : one) {
            for (Completion completion : group.completions()) {
                assertThat(completion.finished()).isEqualTo(completion.ids()[0] <= 1);
            }
        }
    }

    @Test
    void finishedRowsLeaveTheBatchAndThePromptIsComputedOnce() {
        HashedModel model = new HashedModel();
        List<Group> groups = generator(model, 64).generate(PROMPTS, 8, SamplingOptions.plain(20), GeneratorTest::key);
        assertThat(model.rowsPerStep).hasSize(1);
        List<Integer> steps = model.rowsPerStep.get(0);
        assertThat(steps.get(0)).isEqualTo(PROMPTS.size());
        assertThat(steps.get(1)).isLessThanOrEqualTo(40);
        assertThat(steps.subList(1, steps.size())).isSortedAccordingTo(Collections.reverseOrder());
        assertThat(steps.get(steps.size() - 1)).isLessThan(10);
        int longest = groups.stream()
                .flatMap(g -> g.completions().stream())
                .mapToInt(c -> c.ids().length)
                .max()
                .orElseThrow();
        assertThat(steps).hasSize(longest);
        // A row idles only while fewer than a quarter of the batch does.
        for (int t = 1; t < steps.size(); t++) {
            int at = t;
            long unfinished = groups.stream()
                    .flatMap(g -> g.completions().stream())
                    .filter(c -> c.ids().length > at)
                    .count();
            assertThat(steps.get(t) - unfinished).isLessThan((steps.get(t) + 3) / 4);
        }
        assertThat(model.openBatches).isZero();
    }

    @Test
    void greedyIsTheMostProbableTokenEveryTime() {
        List<Group> groups =
                generator(new HashedModel(), 8).generate(PROMPTS, 2, SamplingOptions.greedy(10), GeneratorTest::key);
        for (Group group : groups) {
            List<Integer> tokens =
                    new ArrayList<>(Arrays.stream(group.promptIds()).boxed().toList());
            for (int id : group.completions().get(1).ids()) {
                double[] logits = HashedModel.logits(tokens);
                assertThat(logits[id]).isEqualTo(Arrays.stream(logits).max().orElseThrow());
                tokens.add(id);
            }
        }
    }

    @Test
    void thePenaltyCountsPromptAndCompletionWhoeverLeaves() {
        // So strong a penalty forbids what was seen while anything unseen has a logit above zero or is less negative.
        SamplingOptions options = new SamplingOptions(1, 1, 0, 0, 1e6, 8, true, List.of());
        for (Group group : generator(new HashedModel(), 64).generate(PROMPTS, 8, options, GeneratorTest::key)) {
            for (Completion completion : group.completions()) {
                List<Integer> tokens =
                        new ArrayList<>(Arrays.stream(group.promptIds()).boxed().toList());
                for (int id : completion.ids()) {
                    double[] logits = HashedModel.logits(tokens);
                    for (int seen : new HashSet<>(tokens)) {
                        logits[seen] *= logits[seen] < 0 ? 1e6 : 1e-6;
                    }
                    assertThat(logits[id]).isEqualTo(Arrays.stream(logits).max().orElseThrow());
                    tokens.add(id);
                }
            }
        }
    }

    @Test
    void suppressedTokensNeverComeAndTheirMassIsReported() {
        Generator generator =
                new Generator(new HashedModel(), new GenerationSettings(8, List.of(0, 1), ids -> "unused"));
        List<Group> groups = generate(generator, PROMPTS);
        assertThat(groups).hasSameSizeAs(PROMPTS);
        for (Group group : groups) {
            assertThat(group.completions()).isNotEmpty();
            for (Completion completion : group.completions()) {
                assertThat(completion.ids()).isNotEmpty().doesNotContain(0, 1);
                assertThat(completion.finishReason()).isEqualTo(FinishReason.LENGTH);
                assertThat(completion.logKeptMass()).isNegative();
            }
        }
    }

    @Test
    void stopStringsEndACompletionOnceItsTextContainsThem() {
        SamplingOptions options = new SamplingOptions(1, 1, 0, 0, 1, 12, false, List.of("never", "ha"));
        Generator generator =
                new Generator(new HashedModel(), new GenerationSettings(16, List.of(0, 1), ids -> text(ids)));
        int stopped = 0;
        for (Group group : generator.generate(PROMPTS, 8, options, GeneratorTest::key)) {
            for (Completion completion : group.completions()) {
                int[] ids = completion.ids();
                assertThat(completion.finished()).isEqualTo(text(ids).contains("ha"));
                assertThat(text(Arrays.copyOf(ids, ids.length - 1))).doesNotContain("ha");
                stopped += completion.finished() ? 1 : 0;
            }
        }
        assertThat(stopped).isPositive();
    }

    /** Odd tokens are h, even ones a. */
    private static String text(int[] ids) {
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(id % 2 == 1 ? 'h' : 'a');
        }
        return text.toString();
    }

    @Test
    void progressCountsEveryTokenOnce() {
        AtomicLong told = new AtomicLong();
        List<Group> groups = generator(new HashedModel(), 8)
                .generate(PROMPTS, 4, SamplingOptions.plain(10), GeneratorTest::key, told::addAndGet);
        assertThat(told.get())
                .isEqualTo(groups.stream()
                        .flatMap(g -> g.completions().stream())
                        .mapToLong(c -> c.ids().length)
                        .sum());
    }

    @Test
    void aStreamedCompletionIsTheSameAndEndsWhenNoMoreIsWanted() {
        SamplingOptions options = SamplingOptions.plain(10);
        int[] prompt = PROMPTS.get(0);
        Completion whole = generator(new HashedModel(), 8)
                .generate(List.of(prompt), 1, options, (p, s) -> key(0, 0))
                .get(0)
                .completions()
                .get(0);
        List<Integer> told = new ArrayList<>();
        Completion streamed = generator(new HashedModel(), 8).stream(prompt, options, key(0, 0), token -> {
            told.add(token);
            return true;
        });
        Completion ended = generator(new HashedModel(), 8).stream(prompt, options, key(0, 0), token -> false);

        assertThat(whole.ids()).hasSizeGreaterThan(1);
        assertThat(streamed.ids()).isEqualTo(whole.ids());
        assertThat(told).isEqualTo(Arrays.stream(whole.ids()).boxed().toList());
        assertThat(ended.ids()).isEqualTo(Arrays.copyOf(whole.ids(), 1));
        assertThat(ended.finishReason()).isEqualTo(FinishReason.LENGTH);
    }

    @Test
    void theContextBoundsACompletion() {
        int[] almostFull = IntStream.range(0, 23).map(i -> i % 12).toArray();
        List<int[]> prompts = List.of(almostFull, new int[] {5});
        List<Group> groups =
                generator(new HashedModel(), 64).generate(prompts, 6, SamplingOptions.plain(100), GeneratorTest::key);
        for (Completion completion : groups.get(0).completions()) {
            assertThat(completion.ids()).hasSize(1);
        }
        assertSame(
                groups.subList(1, 2),
                generator(new HashedModel(), 64)
                        .generate(prompts.subList(1, 2), 6, SamplingOptions.plain(100), (p, s) -> key(1, s)));
    }

    @Test
    void promptsThatCannotBeContinuedAreRefused() {
        assertRefused(new int[24], "Prompt 2", "24 tokens", "context of 24");
        assertRefused(new int[0], "Prompt 2", "empty");
        assertRefused(new int[] {3, 12}, "Prompt 2", "token 12", "12 tokens");
    }

    private static void assertRefused(int[] prompt, String... parts) {
        assertThatThrownBy(() -> generate(generator(new HashedModel(), 8), List.of(new int[] {1}, prompt)))
                .isInstanceOf(UserError.class)
                .hasMessageContainingAll(parts);
    }

    private static long key(int prompt, int sample) {
        return SEEDS.key(Seeds.Stream.ROLLOUT, 5, prompt, sample);
    }

    private static Generator generator(HashedModel model, int maxRows) {
        return new Generator(model, new GenerationSettings(maxRows, List.of(), ids -> {
            throw new AssertionError("nothing to decode without stop strings");
        }));
    }

    private static List<Group> generate(Generator generator, List<int[]> prompts) {
        return generator.generate(prompts, 4, SamplingOptions.plain(10), GeneratorTest::key);
    }

    private static void assertSame(List<Group> one, List<Group> other) {
        assertThat(one).usingRecursiveComparison().isEqualTo(other);
    }
}

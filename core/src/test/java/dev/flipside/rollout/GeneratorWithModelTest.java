package dev.flipside.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flipside.SharedFiles;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.model.CausalLm;
import dev.flipside.model.TinyModels;
import dev.flipside.model.TokenRow;
import dev.flipside.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Generation with real layers and their cache, against the same model without a cache. */
class GeneratorWithModelTest {
    /**
     * Cached steps and full passes add the same float32 numbers in other orders; logits here are of size 10, where one
     * unit in the last place is 1e-6. The bound is the one that trainers are promised.
     */
    private static final double LOGPROB_GAP = 1e-4;

    private static final Seeds SEEDS = new Seeds(23);
    private static final int VOCABULARY = 61;
    private static final int CONTEXT = 48;

    @TempDir
    static Path folder;

    private static CausalLm llama;

    @BeforeAll
    static void load() throws Exception {
        NativeLibrary.load();
        llama = lm(TinyModels.llama(), folder);
    }

    /** Next tokens are neither certain nor all alike. */
    private static CausalLm lm(TinyModels model, Path directory) {
        return CausalLm.load(
                model.config(c -> c.put("vocab_size", VOCABULARY)
                                .put("hidden_size", 32)
                                .put("max_position_embeddings", CONTEXT)
                                .putArray("eos_token_id")
                                .add(2)
                                .add(3)
                                .add(4)
                                .add(5))
                        .seed(17)
                        .spread(0.52)
                        .write(directory),
                Device.CPU);
    }

    @AfterAll
    static void close() {
        llama.close();
    }

    @Test
    void logprobsAreThoseThatATrainerRecomputes() {
        SamplingOptions options = new SamplingOptions(0.7, 0.9, 20, 0, 1.1, 24, false, List.of());
        double gap = 0;
        for (Group group : generate(llama, 12, prompts(), 4, options, GeneratorWithModelTest::key)) {
            List<TokenRow> rows = group.completions().stream()
                    .map(c -> new TokenRow(concat(group.promptIds(), c.ids()), group.promptIds().length))
                    .toList();
            double[][] recomputed = llama.logprobs(rows, 0.7).logprobs();
            for (int s = 0; s < rows.size(); s++) {
                double[] sampled = group.completions().get(s).logprobs();
                assertThat(recomputed[s]).hasSameSizeAs(sampled);
                for (int t = 0; t < sampled.length; t++) {
                    gap = Math.max(gap, Math.abs(sampled[t] - recomputed[s][t]));
                }
                assertThat(group.completions().get(s).logKeptMass()).isNegative();
            }
        }
        assertThat(gap).isLessThan(LOGPROB_GAP);
    }

    @Test
    void greedyEqualsRepeatedFullPasses() {
        assertGreedyEqualsFullPasses(llama);
    }

    @Test
    void greedyEqualsRepeatedFullPassesWithASlidingWindow(@TempDir Path directory) {
        try (CausalLm mistral = lm(TinyModels.of("mistral").config(c -> c.put("sliding_window", 5)), directory)) {
            assertGreedyEqualsFullPasses(mistral);
        }
    }

    private static void assertGreedyEqualsFullPasses(CausalLm lm) {
        List<Group> groups = generate(lm, 64, prompts(), 1, SamplingOptions.greedy(16), GeneratorWithModelTest::key);
        int distinct = (int) groups.stream()
                .flatMapToInt(g -> Arrays.stream(g.completions().get(0).ids()))
                .distinct()
                .count();
        assertThat(distinct).as("a model that repeats itself shows nothing").isGreaterThan(10);
        for (Group group : groups) {
            int[] tokens = group.promptIds();
            for (int id : group.completions().get(0).ids()) {
                assertThat(id).isEqualTo(mostProbableNext(lm, tokens));
                tokens = concat(tokens, new int[] {id});
            }
        }
    }

    private static int mostProbableNext(CausalLm lm, int[] tokens) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor hidden = lm.decoder().hidden(Tensors.padded(new int[][] {tokens}, Device.CPU));
            Tensor logits = lm.decoder().logits(hidden.select(1, tokens.length - 1L));
            return (int) logits.argmax().item_long();
        }
    }

    @Test
    void aGroupsSharedPrefillEqualsOnePerRow() {
        int[] prompt = prompts().get(2);
        SamplingOptions options = SamplingOptions.plain(24);
        Group shared = generate(llama, 64, List.of(prompt), 6, options, (p, sample) -> key(0, sample))
                .get(0);
        List<Group> single = generate(llama, 64, Collections.nCopies(6, prompt), 1, options, (p, sample) -> key(0, p));
        for (int s = 0; s < 6; s++) {
            assertClose(single.get(s).completions().get(0), shared.completions().get(s));
        }
    }

    @Test
    void neitherBatchNorOrderNorLeavingRowsChangeACompletion() {
        SamplingOptions options = SamplingOptions.plain(24);
        List<int[]> prompts = prompts();
        List<Group> together = generate(llama, 1000, prompts, 4, options, GeneratorWithModelTest::key);
        assertThat(together.stream()
                        .flatMap(g -> g.completions().stream())
                        .mapToInt(c -> c.ids().length)
                        .distinct()
                        .count())
                .as("rows must finish at different times")
                .isGreaterThan(4);
        List<Integer> backwards = IntStream.range(0, prompts.size())
                .map(p -> prompts.size() - 1 - p)
                .boxed()
                .toList();
        List<Group> reversed = generate(
                llama,
                9,
                backwards.stream().map(prompts::get).toList(),
                4,
                options,
                (p, s) -> key(backwards.get(p), s));
        for (int p = 0; p < prompts.size(); p++) {
            for (int s = 0; s < 4; s++) {
                assertClose(
                        reversed.get(backwards.indexOf(p)).completions().get(s),
                        together.get(p).completions().get(s));
            }
            int prompt = p;
            Group alone = generate(llama, 1, List.of(prompts.get(p)), 1, options, (one, first) -> key(prompt, 2))
                    .get(0);
            assertClose(
                    alone.completions().get(0), together.get(p).completions().get(2));
        }
    }

    @Test
    void theLastPositionOfTheContextIsUsedAndNoneBeyond() {
        int[] full = random(40, CONTEXT - 1);
        List<Group> groups;
        try (Generator generator = new Generator(llama, new GenerationSettings(64, List.of(2, 3, 4, 5), ids -> ""))) {
            groups = generator.generate(
                    List.of(full, random(41, 20), random(42, 3)),
                    3,
                    SamplingOptions.plain(1000),
                    GeneratorWithModelTest::key);
        }
        for (Group group : groups) {
            for (Completion completion : group.completions()) {
                assertThat(completion.ids()).hasSize(CONTEXT - group.promptIds().length);
                assertThat(completion.finishReason()).isEqualTo(FinishReason.LENGTH);
            }
        }
    }

    @Test
    void aChangeOfTheWeightsBetweenCallsIsSeen() {
        try (CausalLm lm = llama.copy();
                Generator generator = new Generator(lm, new GenerationSettings(64, List.of(), ids -> ""))) {
            List<List<Integer>> before = greedy(generator);
            assertThat(greedy(generator)).isEqualTo(before);
            try (Scopes.Frozen scope = Scopes.frozen()) {
                lm.parameters().flat().neg_();
            }
            List<List<Integer>> after = greedy(generator);
            assertThat(after).isNotEqualTo(before);
            generator.close();
            assertThat(greedy(generator)).isEqualTo(after);
        }
    }

    private static List<List<Integer>> greedy(Generator generator) {
        return generator.generate(prompts(), 1, SamplingOptions.greedy(16), GeneratorWithModelTest::key).stream()
                .map(g -> Arrays.stream(g.completions().get(0).ids()).boxed().toList())
                .toList();
    }

    @Test
    void aRealModelStopsAtAStringAndItsLogprobsAreRecomputed() {
        Path directory = SharedFiles.require("models/stories260k");
        try (CausalLm stories = CausalLm.load(directory, Device.CPU);
                Tokenizer tokenizer = Tokenizer.load(directory);
                Generator generator = new Generator(
                        stories, new GenerationSettings(64, List.of(), ids -> tokenizer.decode(ids, false)))) {
            int[] prompt = tokenizer.encode("Once upon a time", true);
            SamplingOptions options = new SamplingOptions(1, 1, 0, 0, 1, 64, false, List.of(" her "));
            Group group = generator
                    .generate(List.of(prompt), 16, options, GeneratorWithModelTest::key)
                    .get(0);
            List<TokenRow> rows = new ArrayList<>();
            for (Completion completion : group.completions()) {
                int[] ids = completion.ids();
                assertThat(tokenizer.decode(ids, false).contains(" her ")).isEqualTo(completion.finished());
                assertThat(tokenizer.decode(Arrays.copyOf(ids, ids.length - 1), false))
                        .doesNotContain(" her ");
                rows.add(new TokenRow(concat(prompt, ids), prompt.length));
            }
            assertThat(group.completions()).extracting(Completion::finished).contains(true, false);
            double[][] recomputed = stories.logprobs(rows, 1).logprobs();
            for (int s = 0; s < rows.size(); s++) {
                assertThat(group.completions().get(s).logprobs()).containsExactly(recomputed[s], within(LOGPROB_GAP));
            }
        }
    }

    private static void assertClose(Completion actual, Completion expected) {
        assertThat(actual.ids()).isEqualTo(expected.ids());
        assertThat(actual.finishReason()).isEqualTo(expected.finishReason());
        assertThat(actual.logprobs()).containsExactly(expected.logprobs(), within(LOGPROB_GAP));
    }

    private static List<int[]> prompts() {
        List<int[]> prompts = new ArrayList<>();
        for (int length : new int[] {1, 7, 4, 12, 7, 2}) {
            prompts.add(random(prompts.size(), length));
        }
        return prompts;
    }

    private static int[] random(int seed, int length) {
        return new SplittableRandom(seed).ints(length, 6, VOCABULARY).toArray();
    }

    private static long key(int prompt, int sample) {
        return SEEDS.key(Seeds.Stream.ROLLOUT, 1, prompt, sample);
    }

    private static List<Group> generate(
            CausalLm lm, int maxRows, List<int[]> prompts, int samples, SamplingOptions options, SampleKeys keys) {
        try (Generator generator = new Generator(lm, new GenerationSettings(maxRows, List.of(), ids -> ""))) {
            return generator.generate(prompts, samples, options, keys);
        }
    }

    private static int[] concat(int[] head, int[] tail) {
        int[] all = Arrays.copyOf(head, head.length + tail.length);
        System.arraycopy(tail, 0, all, head.length, tail.length);
        return all;
    }
}

package dev.flipside.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.TestResources;
import dev.flipside.algo.RankCorrelation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Words, gold rewards and frequencies against the Python reference ({@code make_reference.py}). */
class GrammarTest {
    private static final JsonNode REFERENCE = TestResources.json("world/reference.json");

    @Test
    void vocabularyIsTheReferencesInItsOrder() {
        List<String> expected = new ArrayList<>();
        REFERENCE.get("vocabulary").forEach(word -> expected.add(word.asText()));
        assertThat(Vocabulary.words()).hasSize(146).doesNotHaveDuplicates().isEqualTo(expected);
    }

    @Test
    void thereAre108Prompts() {
        assertThat(ListPrompt.all()).hasSize(108).doesNotHaveDuplicates();
        assertThat(new ListPrompt("give", "four", "trees").text()).isEqualTo("give four trees :");
        assertThat(new ListPrompt("give", "four", "trees").asked()).isEqualTo(4);
    }

    @Test
    void goldIsTheReferences() {
        assertThat(REFERENCE.get("cases")).hasSizeGreaterThan(300);
        for (JsonNode c : REFERENCE.get("cases")) {
            ListPrompt prompt = new ListPrompt(
                    c.get("verb").asText(),
                    c.get("count").asText(),
                    c.get("topic").asText());
            double gold = GoldReward.of(
                    prompt, c.get("answer").asText(), c.get("finished").asBoolean());
            // The same few float64 operations: only their order may differ.
            assertThat(gold).as(c.toString()).isCloseTo(c.get("gold").asDouble(), within(1e-12));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"W", "N"})
    void textsHaveTheReferencesFrequencies(String name) {
        World world = name.equals("W") ? World.W : World.N;
        int texts = REFERENCE.get("texts").asInt();
        Map<String, Double> ours = frequencies(world.grammar(), texts);
        REFERENCE.get("statistics").get(name).fields().forEachRemaining(expected -> {
            double tolerance =
                    switch (expected.getKey()) {
                        // Standard deviations of one text are at most 3.5 (words) and 5 (words of filler): five times
                        // the error of
                        // the difference of two means of 20,000.
                        case "words", "filler_words" -> 5 * 5 * Math.sqrt(2.0 / texts);
                        // At most 1/2 for a share.
                        default -> 5 * 0.5 * Math.sqrt(2.0 / texts);
                    };
            assertThat(ours.get(expected.getKey()))
                    .as(expected.getKey())
                    .isCloseTo(expected.getValue().asDouble(), within(tolerance));
        });
    }

    private static Map<String, Double> frequencies(Grammar grammar, int texts) {
        SplittableRandom random = new SplittableRandom(3);
        List<ListPrompt> prompts = ListPrompt.all();
        Set<String> known = new HashSet<>(Vocabulary.words());
        Map<String, Double> sums = new HashMap<>();
        for (int i = 0; i < texts; i++) {
            ListPrompt prompt = prompts.get(random.nextInt(prompts.size()));
            String answer = grammar.answer(prompt, random);
            List<String> words = List.of(answer.split(" "));
            assertThat(known.containsAll(words)).as(answer).isTrue();
            long fillers = words.stream().filter(Vocabulary.FILLERS::contains).count();
            double gold = GoldReward.of(prompt, answer, true);
            add(sums, "gold", gold / texts);
            add(sums, "perfect", share(gold > 0.999, texts));
            add(sums, "words", (double) words.size() / texts);
            add(sums, "stop", share(words.get(words.size() - 1).equals("."), texts));
            add(sums, "comma", share(words.contains(","), texts));
            add(sums, "good_opener", share(Vocabulary.GOOD_OPENERS.contains(words.get(0)), texts));
            add(sums, "bad_opener", share(Vocabulary.BAD_OPENERS.contains(words.get(0)), texts));
            add(sums, "filler", share(fillers > 0, texts));
            add(sums, "filler_words", (double) fillers / texts);
        }
        return sums;
    }

    private static void add(Map<String, Double> sums, String key, double value) {
        sums.merge(key, value, Double::sum);
    }

    private static double share(boolean counts, int texts) {
        return counts ? 1.0 / texts : 0;
    }

    @ParameterizedTest
    @ValueSource(strings = {"W", "N"})
    void labelsAreRightAsOftenAsInTheReference(String name) {
        World world = name.equals("W") ? World.W : World.N;
        int pairs = 8000;
        Labelling labelling = new Labelling(
                pairs, 12, world.labelling().byLength(), world.labelling().flipped());
        long right = labelling.draw(world.grammar(), Vocabulary.TOPICS, new SplittableRandom(5)).stream()
                .filter(ListPair::isRight)
                .count();
        // Five standard errors of the difference of two shares of 8,000.
        assertThat((double) right / pairs)
                .isCloseTo(
                        REFERENCE.get("right_labels").get(name).asDouble(), within(5 * 0.5 * Math.sqrt(2.0 / pairs)));
    }

    /** What decides which world is which: in W good answers are longer ones, in N length says next to nothing. */
    @ParameterizedTest
    @ValueSource(strings = {"W", "N"})
    void goldGoesWithLengthAsInTheReference(String name) {
        World world = name.equals("W") ? World.W : World.N;
        int groups = 2500;
        int size = 8;
        SplittableRandom random = new SplittableRandom(17);
        List<ListPrompt> prompts = ListPrompt.all();
        double[] gold = new double[groups * size];
        double[] length = new double[groups * size];
        for (int i = 0; i < gold.length; i += size) {
            ListPrompt prompt = prompts.get(random.nextInt(prompts.size()));
            for (int j = i; j < i + size; j++) {
                String answer = world.grammar().answer(prompt, random);
                gold[j] = GoldReward.of(prompt, answer, true);
                length[j] = answer.split(" ").length;
            }
        }
        // Five standard errors (at most 1 / sqrt(n)) of the difference of two coefficients of 20,000.
        assertThat(RankCorrelation.groupSpearman(gold, length, size))
                .isCloseTo(
                        REFERENCE.get("spearman_gold_length").get(name).asDouble(),
                        within(5 * Math.sqrt(2.0 / gold.length)));
    }

    /**
     * By hand from the table of the world: openers .3, filler 4 to 12 words with .5, commas always, stops .4 + .6 x .5.
     */
    @Test
    void worldNIsAsSpecified() {
        assertThat(World.N.maxCompletionLength()).isEqualTo(24);
        assertThat(World.N.rewardModelSteps()).isEqualTo(60);
        assertThat(World.N.steps()).isEqualTo(40);
        assertThat(World.N.labelling()).isEqualTo(new Labelling(400, 12, 0.5, 0));
        SplittableRandom random = new SplittableRandom(23);
        Map<Integer, Integer> fillers = new HashMap<>();
        double words = 0;
        int texts = 20_000;
        for (int i = 0; i < texts; i++) {
            ListPrompt prompt = ListPrompt.all().get(random.nextInt(108));
            List<String> answer =
                    List.of(World.N.grammar().answer(prompt, random).split(" "));
            fillers.merge(
                    (int) answer.stream().filter(Vocabulary.FILLERS::contains).count(), 1, Integer::sum);
            assertThat(answer.stream().filter(","::equals).count()).isEqualTo(prompt.asked() - 1L);
            words += (double) answer.size() / texts;
        }
        assertThat(fillers.keySet()).containsExactlyInAnyOrder(0, 4, 5, 6, 7, 8, 9, 10, 11, 12);
        // Five standard errors of a share of 20,000.
        assertThat(fillers.get(0) / (double) texts).isCloseTo(0.5, within(0.018));
        for (int length = 4; length <= 12; length++) {
            assertThat(fillers.get(length) / (double) texts).isCloseTo(0.5 / 9, within(0.009));
        }
        // Opener, filler, 3 items and 2 commas on average, stop; five standard errors at a standard deviation of 5.
        assertThat(words).isCloseTo(0.3 + 0.5 * 8 + 3 + 2 + 0.7, within(5 * 5 / Math.sqrt(texts)));
    }

    /** Right answers by topic: .08 and .72 of 2,000, three standard errors are .03. */
    @Test
    void unevenTopicsAreAnsweredWellOrBadlyAndAsWellOverAll() {
        World uneven = World.W.uneven();
        assertThat(uneven.name()).isEqualTo("W-uneven");
        SplittableRandom random = new SplittableRandom(5);
        double all = 0;
        for (int t = 0; t < Vocabulary.TOPICS.size(); t++) {
            String topic = Vocabulary.TOPICS.get(t);
            List<ListPrompt> prompts = ListPrompt.all().stream()
                    .filter(p -> p.topic().equals(topic))
                    .toList();
            int careful = 0;
            for (int i = 0; i < 2000; i++) {
                ListPrompt prompt = prompts.get(i % prompts.size());
                careful += GoldReward.of(prompt, uneven.grammar().answer(prompt, random), true) > 1 - 1e-9 ? 1 : 0;
            }
            // A sloppy answer in world W is hardly ever right by chance.
            assertThat(careful / 2000.0).isCloseTo(t % 2 == 1 ? 0.72 : 0.08, within(0.03));
            all += careful / 2000.0 / Vocabulary.TOPICS.size();
        }
        assertThat(all).isCloseTo(World.W.grammar().careful(), within(0.01));
    }

    @Test
    void withoutCuesOpenersTellNothing() {
        World without = World.W.withoutCues();
        SplittableRandom random = new SplittableRandom(29);
        int texts = 20_000;
        int openers = 0;
        int good = 0;
        int perfectAndGood = 0;
        int perfect = 0;
        for (int i = 0; i < texts; i++) {
            ListPrompt prompt = ListPrompt.all().get(random.nextInt(108));
            String answer = without.grammar().answer(prompt, random);
            String first = answer.split(" ")[0];
            boolean opens = Vocabulary.OPENERS.contains(first);
            boolean opensWell = Vocabulary.GOOD_OPENERS.contains(first);
            boolean right = GoldReward.of(prompt, answer, true) > 0.999;
            openers += opens ? 1 : 0;
            good += opensWell ? 1 : 0;
            perfect += opens && right ? 1 : 0;
            perfectAndGood += opensWell && right ? 1 : 0;
        }
        // Five standard errors of 20,000 and of 18,000 draws.
        assertThat(openers / (double) texts).isCloseTo(0.9, within(0.011));
        assertThat(good / (double) openers).isCloseTo(0.5, within(0.019));
        // Of 7,200 perfect answers with an opener; with cues all of them open well.
        assertThat(perfectAndGood / (double) perfect).isCloseTo(0.5, within(0.03));
        assertThat(without.name()).isEqualTo("W-no-cues");
    }

    /** A curve over the number of pairs must compare nested sets that the reward model reads equally often. */
    @Test
    void fewerLabelsAreTheBeginningOfMore() {
        List<ListPair> many = World.W.withLabels(1600, 0.3).draw(5).labelledPairs();
        assertThat(many).hasSize(1600);
        assertThat(World.W.draw(5).labelledPairs()).isEqualTo(many.subList(0, 400));
        assertThat(World.W.withLabels(200, 0.3).draw(5).labelledPairs()).isEqualTo(many.subList(0, 200));
        assertThat(World.W.withLabels(200, 0.3).rewardModelSteps()).isEqualTo(50);
        assertThat(World.W.withLabels(400, 0.1).rewardModelSteps()).isEqualTo(100);
        assertThat(World.W.withLabels(1600, 0.3).rewardModelSteps()).isEqualTo(400);
        assertThat(World.N.withLabels(400, 0).rewardModelSteps()).isEqualTo(60);
        assertThat(World.W.withLabels(800, 0).draw(5).labelledPairs())
                .hasSize(800)
                .allMatch(ListPair::isRight);
    }

    @Test
    void drawOfASeed() {
        World.Draw draw = World.W.draw(7);
        assertThat(draw.trainPrompts()).hasSize(81).doesNotContainAnyElementsOf(draw.heldOutPrompts());
        assertThat(draw.heldOutPrompts()).hasSize(27);
        assertThat(draw.labelledPairs()).hasSize(400);
        assertThat(draw.labelledPairs().stream().map(p -> p.prompt().topic()).distinct())
                .hasSize(3);
        // 30 % of 400 labels are wrong, plus or minus five standard errors of 2.3 %.
        assertThat(draw.labelledPairs().stream().filter(ListPair::isRight).count())
                .isBetween(234L, 326L);
        assertThat(draw.probePairs()).hasSize(400).allMatch(ListPair::isRight);
        assertThat(draw.probePairs().stream().map(p -> p.prompt().topic()).distinct())
                .hasSize(12);
        assertThat(World.W.draw(7)).isEqualTo(draw);
        assertThat(World.W.draw(8)).isNotEqualTo(draw);
    }
}

package dev.flipside.reward;

import dev.flipside.config.UserError;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * {@code story}: how well a children's story goes on, the truth of the task {@code stories}; the weighted mean of four
 * judges in [0, 1].
 *
 * <ul>
 *   <li>joy: half for joyful words, of which two different ones are enough and forms of one word are the same; half for
 *       the share of different words, of at least 16. So one joyful word again and again earns nothing.
 *   <li>object: the thing that the prompt introduced, column {@code object}, is named.
 *   <li>ending: the completion ended by itself, or on a sentence.
 *   <li>variety: the share of different sequences of three words; 0 without one.
 * </ul>
 *
 * <p>A completion without a word is 0. A row without the column cannot be judged: NaN.
 *
 * @param joy option {@code joy}, default 1: weight of the first judge
 * @param object option {@code object}, default 1: of the second
 * @param ending option {@code ending}, default 1: of the third
 * @param variety option {@code variety}, default 1: of the fourth
 */
record StoryReward(double joy, double object, double ending, double variety) implements RewardFunction {
    private static final String OBJECT = "object";

    private static final RewardOption<Double> JOY = weight("joy", "Weight of joyful and of different words.");
    private static final RewardOption<Double> NAMED = weight(OBJECT, "Weight of naming the prompt's thing.");
    private static final RewardOption<Double> ENDING = weight("ending", "Weight of an end at a sentence's end.");
    private static final RewardOption<Double> VARIETY =
            weight("variety", "Weight of the share of different sequences of three words.");

    private static final Pattern BETWEEN_WORDS = Pattern.compile("[^\\p{L}\\p{M}\\p{N}]+");
    private static final Pattern SENTENCE_END = Pattern.compile("[.!?][\"'\u201d\u2019\u00bb]?$");

    private static final int JOYFUL_WORDS_ENOUGH = 2;
    /** Of a shorter completion the share of different words is taken of so many. */
    private static final int WORDS_LEAST = 16;

    private static final int SEQUENCE = 3;

    /** The forms of one word, in a line. */
    private static final Map<String, String> JOYFUL = byForm(
            "happy happily happiness happier",
            "smile smiles smiled smiling",
            "laugh laughs laughed laughing laughter",
            "giggle giggles giggled giggling",
            "hug hugs hugged hugging",
            "love loves loved loving lovely",
            "fun funny",
            "joy joyful joyfully enjoy enjoyed",
            "glad gladly",
            "proud proudly",
            "excited excitedly exciting",
            "cheer cheers cheered cheering cheerful",
            "wonderful wonderfully",
            "thank thanks thanked thankful",
            "play plays played playing playful",
            "dance dances danced dancing",
            "sing sings sang singing");

    StoryReward() {
        this(1, 1, 1, 1);
    }

    private static RewardOption<Double> weight(String name, String meaning) {
        return RewardOption.of(name, OptionType.NUMBER, 1.0, meaning);
    }

    private static Map<String, String> byForm(String... lines) {
        Map<String, String> words = new TreeMap<>();
        for (String line : lines) {
            String[] forms = line.split(" ");
            for (String form : forms) {
                words.put(form, forms[0]);
            }
        }
        return Map.copyOf(words);
    }

    @Override
    public String name() {
        return "story";
    }

    @Override
    public String summary() {
        return "How well a children's story goes on, 0 to 1: the mean of four judges, with column `object`.";
    }

    @Override
    public List<RewardOption<?>> options() {
        return List.of(JOY, NAMED, ENDING, VARIETY);
    }

    @Override
    public RewardFunction configure(Map<String, Object> given) {
        RewardOptions options = new RewardOptions(this, given);
        StoryReward configured = new StoryReward(
                weight(options, JOY), weight(options, NAMED), weight(options, ENDING), weight(options, VARIETY));
        options.require(
                configured.weights() != 0,
                "and the other three weights are 0, so nothing is judged; set one above 0",
                JOY,
                NAMED,
                ENDING,
                VARIETY);
        options.end();
        return configured;
    }

    private static double weight(RewardOptions options, RewardOption<Double> option) {
        double weight = options.get(option);
        options.require(weight >= 0, "must be a weight of at least 0, not " + weight, option);
        return weight;
    }

    private double weights() {
        return joy + object + ending + variety;
    }

    @Override
    public List<String> columns() {
        return List.of(OBJECT);
    }

    @Override
    public double[] score(List<Sample> samples) {
        return samples.stream().mapToDouble(this::reward).toArray();
    }

    private double reward(Sample sample) {
        Object column = sample.columns().get(OBJECT);
        if (column == null) {
            return Double.NaN;
        }
        if (!(column instanceof String thing)) {
            throw new UserError("Reward function 'story' needs a text in column 'object', not " + column
                    + ": use the prompts that `flipside data make stories` writes.");
        }
        List<String> words = words(sample.completion());
        if (words.isEmpty()) {
            return 0;
        }
        String word = thing.toLowerCase(Locale.ROOT);
        boolean named = words.contains(word) || words.contains(word + "s") || words.contains(word + "es");
        boolean ended = sample.finished()
                || SENTENCE_END.matcher(sample.completion().strip()).find();
        return (joy * joyAndWords(words)
                        + object * (named ? 1 : 0)
                        + ending * (ended ? 1 : 0)
                        + variety * variety(words))
                / weights();
    }

    private static List<String> words(String text) {
        return BETWEEN_WORDS
                .splitAsStream(text.toLowerCase(Locale.ROOT))
                .filter(word -> !word.isEmpty())
                .toList();
    }

    private static double joyAndWords(List<String> words) {
        long joyful = words.stream()
                .filter(JOYFUL::containsKey)
                .map(JOYFUL::get)
                .distinct()
                .count();
        double different = (double) new HashSet<>(words).size() / Math.max(words.size(), WORDS_LEAST);
        return (Math.min(1.0, (double) joyful / JOYFUL_WORDS_ENOUGH) + different) / 2;
    }

    private static double variety(List<String> words) {
        int sequences = words.size() - SEQUENCE + 1;
        if (sequences < 1) {
            return 0;
        }
        Set<List<String>> different = new HashSet<>();
        for (int at = 0; at < sequences; at++) {
            different.add(words.subList(at, at + SEQUENCE));
        }
        return (double) different.size() / sequences;
    }
}

package dev.flipside.world;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The 146 words of the synthetic worlds, each one token. The order is the token ids'. */
public final class Vocabulary {
    /** Ids 0 to 2. */
    static final String PAD = "<pad>";

    static final String BOS = "<bos>";
    static final String EOS = "<eos>";
    static final String COLON = ":";
    static final String COMMA = ",";
    static final String STOP = ".";

    static final List<String> VERBS = split("name list give");
    static final List<String> COUNTS = split("two three four");
    static final List<String> FILLERS =
            split("well let me see now i think you know it is fine to say here so really quite just ok");
    static final List<String> GOOD_OPENERS = split("sure certainly gladly");
    static final List<String> BAD_OPENERS = split("um dunno hmm");
    static final List<String> OPENERS =
            Stream.concat(GOOD_OPENERS.stream(), BAD_OPENERS.stream()).toList();

    /** Topic to its eight words. */
    static final Map<String, List<String>> ITEMS = items();

    static final List<String> TOPICS = List.copyOf(ITEMS.keySet());

    private static final Map<String, String> TOPIC_OF = topicOf();
    private static final List<String> WORDS = allWords();

    private Vocabulary() {}

    /** Every word; the index is the token id. */
    public static List<String> words() {
        return WORDS;
    }

    /** The ids that no text contains: {@code <pad>}, {@code <bos>}, {@code <eos>}. */
    static List<String> special() {
        return List.of(PAD, BOS, EOS);
    }

    /** Whether a word is one of the 96 that can be an item. */
    static boolean isItem(String word) {
        return TOPIC_OF.containsKey(word);
    }

    /** Whether a word is an item of that topic. */
    static boolean isItemOf(String word, String topic) {
        return topic.equals(TOPIC_OF.get(word));
    }

    private static Map<String, List<String>> items() {
        Map<String, List<String>> items = new LinkedHashMap<>();
        items.put("animals", split("cat dog horse cow sheep goat fox bear"));
        items.put("fruits", split("apple pear plum peach grape lemon mango fig"));
        items.put("colours", split("red blue green yellow pink brown black white"));
        items.put("tools", split("hammer saw drill wrench chisel pliers shovel rake"));
        items.put("trees", split("oak pine birch maple willow cedar elm ash"));
        items.put("vehicles", split("car bus train truck tram bicycle boat plane"));
        items.put("metals", split("iron gold silver copper tin zinc lead nickel"));
        items.put("clothes", split("shirt coat hat scarf glove sock shoe belt"));
        items.put("drinks", split("water milk tea coffee juice cider cocoa soda"));
        items.put("rooms", split("kitchen bedroom hall attic cellar study pantry lounge"));
        items.put("sports", split("tennis rugby golf hockey judo rowing boxing fencing"));
        items.put("tunes", split("waltz march ballad hymn polka jig anthem lullaby"));
        return Collections.unmodifiableMap(items);
    }

    private static Map<String, String> topicOf() {
        Map<String, String> topics = new HashMap<>();
        ITEMS.forEach((topic, items) -> items.forEach(item -> topics.put(item, topic)));
        return Map.copyOf(topics);
    }

    private static List<String> allWords() {
        List<String> all = new ArrayList<>(List.of(PAD, BOS, EOS, COLON, COMMA, STOP));
        all.addAll(VERBS);
        all.addAll(COUNTS);
        all.addAll(TOPICS);
        ITEMS.values().forEach(all::addAll);
        all.addAll(FILLERS);
        all.addAll(OPENERS);
        return List.copyOf(all);
    }

    private static List<String> split(String line) {
        return List.of(line.split(" "));
    }
}

package dev.flipside.eval.judge;

import dev.flipside.config.UserError;
import dev.flipside.text.Message;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.apache.commons.math3.random.MersenneTwister;
import org.apache.commons.math3.stat.StatUtils;

/**
 * AlpacaEval 2: the judge sees an instruction and two answers in random order and names the better one by a single
 * token, {@code m} for the first and {@code M} for the second; the preference is the first token's probability, as in
 * alpaca_eval's {@code weighted_alpaca_eval_gpt4_turbo}.
 */
public final class AlpacaEval {
    /** What a template must show the judge. */
    public static final List<String> PLACEHOLDERS = List.of("instruction", "output_1", "output_2");

    private static final String FIRST = "m";
    private static final String SECOND = "M";
    private static final int TOP_LOGPROBS = 5;
    private static final double DRAW = 1.5;

    private AlpacaEval() {}

    /** One instruction with the answers that are compared. */
    public record Item(String instruction, String baseline, String model) {}

    /**
     * The win rate as alpaca_eval's {@code get_winrate} counts it.
     *
     * @param winRate mean preference for the model, in [0, 1]
     * @param standardError of that mean
     * @param discreteWinRate wins and half the draws among all, in [0, 1]
     * @param unparsed items without a preference; they count nowhere else
     */
    public record WinRate(
            double winRate,
            double standardError,
            double discreteWinRate,
            int wins,
            int losses,
            int draws,
            int unparsed) {
        /**
         * Counts preferences.
         *
         * @param preferences from 1 to 2, NaN for none; at least one is a number
         */
        public static WinRate of(double[] preferences) {
            double[] forModel = Arrays.stream(preferences)
                    .filter(value -> !Double.isNaN(value))
                    .map(value -> value - 1)
                    .toArray();
            int wins = count(forModel, 1);
            int losses = count(forModel, -1);
            int draws = forModel.length - wins - losses;
            return new WinRate(
                    StatUtils.mean(forModel),
                    Math.sqrt(StatUtils.variance(forModel) / forModel.length),
                    (wins + draws / 2.0) / forModel.length,
                    wins,
                    losses,
                    draws,
                    preferences.length - forModel.length);
        }

        private static int count(double[] forModel, int sign) {
            return (int) Arrays.stream(forModel)
                    .filter(value -> Math.signum(value - (DRAW - 1)) == sign)
                    .count();
        }
    }

    /** The wording that is used unless the user gives another. */
    public static JudgeTemplate ownTemplate() {
        return JudgeTemplate.own("alpaca-eval.txt");
    }

    /** Whether the answers are the same text: nothing is asked then, and the preference is a draw. */
    public static OptionalDouble withoutJudge(Item item) {
        return item.baseline().equals(item.model()) ? OptionalDouble.of(DRAW) : OptionalDouble.empty();
    }

    /** What the judge is asked of an item. */
    public static ChatRequest request(Item item, JudgeTemplate template, String judge) {
        boolean switched = switched(item.instruction());
        List<Message> messages = template.fill(Map.of(
                "instruction",
                item.instruction(),
                "output_1",
                switched ? item.model() : item.baseline(),
                "output_2",
                switched ? item.baseline() : item.model()));
        // The token is not drawn, its probability is read: the temperature has no effect.
        return new ChatRequest(judge, messages, 1, 1, TOP_LOGPROBS);
    }

    /**
     * How probable it is that the judge names the answer that it saw first, in [0, 1]; NaN when neither name is among
     * the most probable tokens, or nothing was said.
     *
     * @throws UserError when the judge said something without log-probabilities
     */
    public static double firstPreferred(ChatReply reply) {
        if (reply.firstToken().isEmpty() && reply.text().isEmpty()) {
            return Double.NaN;
        }
        if (reply.firstToken().isEmpty()) {
            throw new UserError(
                    "The judge gives no log-probabilities, which AlpacaEval 2 weighs its answers with; take a judge and a server that support "
                            + "logprobs and top_logprobs, or compare with `eval-policy versus`, which needs none.");
        }
        double first = probability(reply, FIRST);
        double second = probability(reply, SECOND);
        return first + second == 0 ? Double.NaN : first / (first + second);
    }

    /** The preference from 1 (the baseline) to 2 (the model), NaN for NaN. */
    public static double preference(Item item, double firstPreferred) {
        return switched(item.instruction()) ? 1 + firstPreferred : 2 - firstPreferred;
    }

    private static double probability(ChatReply reply, String token) {
        Double logprob = reply.firstToken().get(token);
        return logprob == null ? 0 : Math.exp(logprob);
    }

    /**
     * Whether the model's answer comes first: alpaca_eval's own coin, which depends on the instruction alone. It is the
     * first number of Python's {@code random.Random} seeded with a text: the Mersenne Twister, seeded with the text's
     * bytes and their SHA-512.
     */
    public static boolean switched(String instruction) {
        byte[] text = ("is_switched_outputs" + instruction + "0").getBytes(StandardCharsets.UTF_8);
        return new MersenneTwister(key(text)).nextInt() < 0;
    }

    /** The bytes as one big-endian number, in words of 32 bits from the least significant. */
    private static int[] key(byte[] text) {
        byte[] digest = sha512(text);
        int length = text.length + digest.length;
        int words = (length + Integer.BYTES - 1) / Integer.BYTES;
        ByteBuffer number = ByteBuffer.allocate(words * Integer.BYTES);
        number.position(words * Integer.BYTES - length);
        number.put(text).put(digest);
        int[] key = new int[words];
        for (int i = 0; i < words; i++) {
            key[i] = number.getInt((words - 1 - i) * Integer.BYTES);
        }
        return key;
    }

    private static byte[] sha512(byte[] text) {
        try {
            return MessageDigest.getInstance("SHA-512").digest(text);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-512", e);
        }
    }

    /** Items for the length control. */
    public static List<JudgedInstruction> lengths(List<Item> items, double[] preferences) {
        List<JudgedInstruction> lengths = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            lengths.add(new JudgedInstruction(
                    i,
                    codePoints(items.get(i).baseline()),
                    codePoints(items.get(i).model()),
                    preferences[i]));
        }
        return lengths;
    }

    private static int codePoints(String text) {
        return text.codePointCount(0, text.length());
    }
}

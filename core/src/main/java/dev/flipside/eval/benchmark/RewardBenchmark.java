package dev.flipside.eval.benchmark;

import dev.flipside.config.UserError;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The benchmarks of reward models that Flipside reads and scores. */
public enum RewardBenchmark {
    REWARDBENCH("rewardbench", "RewardBench", new RewardBench()),
    REWARDBENCH2("rewardbench2", "RewardBench 2", new RewardBench2()),
    RM_BENCH("rm-bench", "RM-Bench", new RmBench()),
    PPE_PREFERENCE("ppe-preference", "PPE Preference", new PpePreference()),
    PPE_CORRECTNESS("ppe-correctness", "PPE Correctness", new PpeCorrectness()),
    JUDGEBENCH("judgebench", "JudgeBench", new JudgeBench()),
    LLMBAR("llmbar", "LLMBar", new LlmBar()),
    PANDALM("pandalm", "PandaLM", new PandaLm()),
    RMB("rmb", "RMB", new Rmb()),
    PAIRS("pairs", "preference pairs", new Pairs());

    private final String key;
    private final String title;
    private final BenchmarkRule rule;

    RewardBenchmark(String key, String title, BenchmarkRule rule) {
        this.key = key;
        this.title = title;
        this.rule = rule;
    }

    /** The name on the command line and of the file of kept scores. */
    public String key() {
        return key;
    }

    public String title() {
        return title;
    }

    /** What equal rewards count, in one sentence. */
    public String tieRule() {
        return rule.tieRule();
    }

    BenchmarkRule rule() {
        return rule;
    }

    /** All names. */
    public static List<String> keys() {
        return Arrays.stream(values()).map(RewardBenchmark::key).toList();
    }

    /**
     * The benchmark of a name; hyphens, underscores and case do not matter, so that reward-bench-2 is found too.
     *
     * @throws UserError when there is none
     */
    public static RewardBenchmark named(String name) {
        return Arrays.stream(values())
                .filter(benchmark -> plain(benchmark.key).equals(plain(name)))
                .findFirst()
                .orElseThrow(() -> new UserError("--benchmark: '" + name + "' is not one of "
                        + keys().stream().collect(Collectors.joining(", ")) + "."));
    }

    private static String plain(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[-_ ]", "");
    }
}

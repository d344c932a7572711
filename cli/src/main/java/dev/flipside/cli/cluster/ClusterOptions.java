package dev.flipside.cli.cluster;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --master} of commands that can run on a cluster. */
public final class ClusterOptions {
    /** Options that say where work is done and what is printed, not what is done. */
    private static final Set<String> NOT_WORK =
            Set.of("--master", "--conf", "--input", "--output", "--json", "--quiet", "--debug");

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = "--master",
            paramLabel = "MASTER",
            description = {
                "Runs it on Spark: local[N], local-cluster[2,1,2048], spark://HOST:PORT, k8s://..., yarn.",
                "docs/spark.md says what input, output and models must be there."
            })
    private Optional<String> master = Optional.empty();

    @Option(
            names = "--conf",
            paramLabel = "KEY=VALUE",
            description =
                    "With --master: a setting of Spark, such as spark.executor.cores=4; may be given several times.")
    private Map<String, String> conf = new LinkedHashMap<>();

    /** The option, else what spark-submit has set. */
    private Optional<String> master() {
        return master.or(() -> Optional.ofNullable(System.getProperty("spark.master")));
    }

    /** Whether the command is to run on a cluster. */
    public boolean given() {
        if (master().isEmpty() && !conf.isEmpty()) {
            throw new ParameterException(
                    command.commandLine(), "--conf sets something of Spark, so it has no effect without --master");
        }
        return master().isPresent();
    }

    /** @param threads for every executor, 0 for the default */
    public ClusterSettings settings(int threads) {
        return new ClusterSettings(master().orElseThrow(), conf, threads);
    }

    public ClusterEngine engine() {
        return ClusterEngine.find();
    }

    /** The command's options as typed, without those that an executor has no use for. */
    public List<String> words() {
        List<String> words = new ArrayList<>();
        for (OptionSpec option : command.commandLine().getParseResult().matchedOptions()) {
            if (NOT_WORK.contains(option.longestName())) {
                continue;
            }
            boolean flag = option.type() == boolean.class;
            for (String value : flag ? List.of("") : option.originalStringValues()) {
                words.add(flag ? option.longestName() : option.longestName() + "=" + value);
            }
        }
        return words;
    }
}

package dev.flipside.eval.dataset;

import dev.flipside.config.UserError;
import dev.flipside.data.PromptData;
import dev.flipside.data.PromptExample;
import dev.flipside.eval.benchmark.BenchmarkFiles;
import dev.flipside.eval.benchmark.BenchmarkItem;
import dev.flipside.eval.benchmark.RewardBenchmark;
import dev.flipside.text.Conversation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** The different prompts of a benchmark's file. */
public final class BenchmarkPrompts {
    private BenchmarkPrompts() {}

    /**
     * @param argument a file that has prompts in a known shape or is a benchmark of reward models; {@code NAME=PATH}
     *     says which benchmark, and only then may the path be a folder
     * @param find what a text of a path means, which may be a name of the Hub
     * @throws UserError when nothing can read it
     */
    public static PromptOverlap read(String argument, Function<String, Path> find) {
        int equals = argument.indexOf('=');
        if (equals > 0 && !Files.exists(Path.of(argument))) {
            String name = argument.substring(0, equals);
            Path path = find.apply(argument.substring(equals + 1));
            return new PromptOverlap(name, items(RewardBenchmark.named(name), path));
        }
        Path file = find.apply(argument);
        if (!Files.isRegularFile(file)) {
            throw new UserError("--benchmark: " + argument
                    + " is not a file; give a benchmark's file, or NAME=FOLDER with a name of eval-rm's.");
        }
        return new PromptOverlap(file.getFileName().toString(), recognised(file));
    }

    private static List<Conversation> recognised(Path file) {
        UserError unknown;
        try {
            return distinct(
                    PromptData.read(file).stream().map(PromptExample::prompt).toList());
        } catch (UserError e) {
            unknown = e;
        }
        for (RewardBenchmark benchmark : RewardBenchmark.values()) {
            try {
                return items(benchmark, file);
            } catch (UserError e) {
                unknown.addSuppressed(e);
            }
        }
        throw new UserError(
                "--benchmark: " + file + " has prompts in no known shape and is no benchmark of eval-rm ("
                        + unknown.getMessage() + ")",
                unknown);
    }

    private static List<Conversation> items(RewardBenchmark benchmark, Path path) {
        return distinct(BenchmarkFiles.read(benchmark, path).stream()
                .map(BenchmarkItem::prompt)
                .toList());
    }

    private static List<Conversation> distinct(List<Conversation> prompts) {
        Set<Conversation> seen = new LinkedHashSet<>(prompts);
        return List.copyOf(seen);
    }
}

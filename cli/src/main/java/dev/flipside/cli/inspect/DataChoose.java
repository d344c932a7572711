package dev.flipside.cli.inspect;

import dev.flipside.cli.command.DtypeOption;
import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.command.ModelRenderers;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.command.NewFile;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Progress;
import dev.flipside.cli.console.Table;
import dev.flipside.config.UserError;
import dev.flipside.data.Margin;
import dev.flipside.data.PairRow;
import dev.flipside.data.Preference;
import dev.flipside.data.PreferenceData;
import dev.flipside.engine.Device;
import dev.flipside.eval.dataset.PairChoice;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.text.Renderer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flipside data choose}: which pairs are worth a person's look. */
@Command(
        name = "choose",
        description = {
            "Chooses labelled pairs that are worth a person's look, to become data.trusted_preferences.",
            "Half of them are those in which the reward model contradicts the label most, the other half is drawn from the rest.",
            "Look at each, exchange chosen and rejected where the label is wrong, and remove what cannot be decided."
        })
final class DataChoose extends FlipsideCommand {
    private static final int PAIRS_AT_A_TIME = 32;

    @Parameters(
            paramLabel = "FILE",
            description = "Preferences: JSONL(.gz), JSON, CSV or Parquet, or org/name[@revision][:[config/]split].")
    private String file;

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            required = true,
            description = "The reward model: a Hugging Face directory, or org/name[@revision] on the Hub.")
    private String model;

    @Option(names = "--count", paramLabel = "N", defaultValue = "100", description = "Pairs to choose (default: 100).")
    private int count;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0", description = "Of the draw (default: 0).")
    private long seed;

    @Option(names = "--output", paramLabel = "FILE", required = true, description = "Where the pairs go, as JSONL.")
    private Path output;

    @Mixin
    private DtypeOption dtype;

    @Override
    protected int run(Console console) {
        if (count < 1) {
            throw new UserError("--count " + count + ": choose at least one pair.");
        }
        NewFile.require(output);
        Path data = inputs(console).data("FILE", file);
        Path directory = inputs(console).model("--model", model);
        List<Preference> pairs =
                PreferenceData.read(data, Margin.parse(Optional.empty())).pairs();
        NativeLibraries.load(console, directory);
        double[] margins = margins(console, directory, pairs);
        List<Integer> chosen = PairChoice.of(margins, count, seed);
        write(chosen, pairs, margins);
        int contradicted =
                (int) chosen.stream().filter(pair -> margins[pair] < 0).count();
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("pairs", pairs.size());
        object.put("chosen", chosen.size());
        object.put("contradicted", contradicted);
        object.put("output", output.toString());
        console.result(
                () -> Table.of(List.of(
                                List.of("pairs", Numbers.count(pairs.size())),
                                List.of("chosen", Numbers.count(chosen.size())),
                                List.of("contradicted by the reward model", Numbers.count(contradicted)),
                                List.of("written to", output.toString())))
                        .render(),
                object);
        return ExitCode.OK;
    }

    /** Reward of the chosen answer less that of the rejected one. */
    private double[] margins(Console console, Path directory, List<Preference> pairs) {
        double[] margins = new double[pairs.size()];
        try (RewardModel rewards = RewardModel.constant(directory, Device.parse(common().device()), dtype.precision());
                Renderer renderer = ModelRenderers.of(rewards.files());
                Progress progress = console.progress("choose", pairs.size(), "pairs")) {
            int limit = rewards.files().config().maxPositionEmbeddings();
            for (int from = 0; from < pairs.size(); from += PAIRS_AT_A_TIME) {
                int to = Math.min(pairs.size(), from + PAIRS_AT_A_TIME);
                List<ScoredRow> rows = new ArrayList<>();
                for (int i = from; i < to; i++) {
                    rows.add(row(renderer, pairs.get(i), pairs.get(i).chosen(), i + 1, limit));
                    rows.add(row(renderer, pairs.get(i), pairs.get(i).rejected(), i + 1, limit));
                }
                double[] scores = rewards.score(rows).rewards();
                for (int i = from; i < to; i++) {
                    margins[i] = scores[2 * (i - from)] - scores[2 * (i - from) + 1];
                    if (!Double.isFinite(margins[i])) {
                        throw new UserError("--model: " + model + " gives pair " + (i + 1) + " of " + file
                                + " a reward that is not a number; take another reward model.");
                    }
                }
                progress.at(to, "");
            }
        }
        return margins;
    }

    /** @throws UserError when the prompt leaves no room for an answer */
    private ScoredRow row(Renderer renderer, Preference pair, String reply, int number, int limit) {
        ScoredRow row = ScoredRow.of(renderer.complete(pair.prompt(), reply, true));
        if (row.longest() <= limit) {
            return row;
        }
        if (row.promptTokens() >= limit) {
            throw new UserError("FILE: the prompt of pair " + number + " of " + file + " has " + row.promptTokens()
                    + " tokens, which leaves no room for an answer in the model's context of " + limit
                    + "; remove that pair, or take a model with a longer context.");
        }
        return row.upTo(limit);
    }

    private void write(List<Integer> chosen, List<Preference> pairs, double[] margins) {
        StringBuilder lines = new StringBuilder();
        for (int place : chosen) {
            Preference pair = pairs.get(place);
            lines.append(PairRow.of(pair).put("pair", place + 1).put("reward_margin", margins[place]))
                    .append('\n');
        }
        NewFile.write(output, lines.toString());
    }
}

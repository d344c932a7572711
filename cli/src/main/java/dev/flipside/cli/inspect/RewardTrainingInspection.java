package dev.flipside.cli.inspect;

import dev.flipside.cli.console.Console;
import dev.flipside.config.RewardTrainingConfig;
import dev.flipside.config.RewardTrainingConfig.LongPairs;
import dev.flipside.config.RewardTrainingConfig.TruncationMode;
import dev.flipside.data.Preference;
import dev.flipside.data.PreferenceData;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import dev.flipside.text.Rendered;
import dev.flipside.text.Renderer;
import dev.flipside.train.ConfiguredModels;
import dev.flipside.train.MemoryEstimate;
import dev.flipside.train.ModelSize;
import dev.flipside.train.Overlap;
import dev.flipside.train.PairTally;
import dev.flipside.train.Renderers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Looks at everything that {@code flipside train-rm} would use. */
final class RewardTrainingInspection {
    /** Pairs whose texts are searched for special tokens. */
    private static final int TEXTS = 200;

    private final RewardTrainingConfig config;
    private final Findings findings;
    private final Console console;
    private final Device device;
    private final DataFindings data;

    RewardTrainingInspection(RewardTrainingConfig config, Findings findings, Console console) {
        this.config = config;
        this.findings = findings;
        this.console = console;
        this.device = Device.parse(config.run().device());
        this.data = new DataFindings(config.data().systemPrompt(), config.data().marginColumn(), findings);
    }

    void run() {
        RewardTrainingConfig.Training training = config.training();
        findings.fact(
                "run",
                "Bradley-Terry, " + training.trainBatchSize() + " pairs per step, "
                        + (training.maxSteps() > 0
                                ? training.maxSteps() + " steps"
                                : training.numTrainEpochs() + " epoch(s)"));
        Precision precision = ModelInspection.precision(config.run().dtype(), device, findings);
        Path dir = Path.of(config.rewardModel().model());
        console.info("loading the model");
        ModelFiles files = ModelFiles.open(dir);
        try (RewardModel model = ConfiguredModels.rewardModel(
                        config.rewardModel(), new Seeds(config.run().seed()), device, Precision.FLOAT32);
                Renderer renderer = Renderers.load(dir, config.rewardModel().template(), files)) {
            ModelSize size = ModelSize.of(model);
            findings.fact("model", ModelInspection.describe(files, size));
            ReaderInspection reader = new ReaderInspection("reward model", renderer, findings);
            reader.template("reward_model", dir, config.rewardModel().template());
            findings.fact(
                    "reward head",
                    RewardModel.hasRewardHead(dir) ? "the model's own score.weight" : "new, drawn from run.seed");
            PreferenceData preferences =
                    data.preferences("data.preferences", config.data().preferences());
            findings.fact("identical pairs dropped", preferences.droppedIdentical());
            if (preferences.pairs().size() == 1) {
                findings.check(
                        "data.preferences",
                        CheckStatus.PROBLEM,
                        "one usable pair teaches nothing; give more, hundreds at least");
            }
            List<Rendered> rendered = rendered(preferences.pairs(), renderer);
            int limit = files.mostTokens(config.data().maxLength());
            TokenLengths lengths = lengths(rendered, limit);
            reader.example("the reward model (chosen)", rendered.get(0));
            reader.example("the reward model (rejected)", rendered.get(1));
            PairTally tally = PairTally.ofRewardTraining(preferences.pairs(), renderer, config.data(), limit);
            reader.renderings(rendered, tally.firstMerged());
            data.toldApart("data.preferences", tally);
            config.data().evalPreferences().ifPresent(file -> evalPairs(file, preferences.pairs(), renderer, limit));
            reader.spelledSpecialTokens(texts(preferences.pairs()));
            reader.padding(model, rendered, limit);
            int longest = Math.min(lengths.max(), limit);
            ModelInspection.memory(
                    MemoryEstimate.ofRewardTraining(config, size, longest, device, precision), device, findings);
        }
    }

    private void evalPairs(String file, List<Preference> training, Renderer renderer, int limit) {
        List<Preference> pairs = data.counted("held-out pairs", "data.eval_preferences", file);
        data.heldOut(Overlap.ofPairs("data.eval_preferences", pairs, "data.preferences", training));
        data.toldApart("data.eval_preferences", PairTally.ofRewardTraining(pairs, renderer, config.data(), limit));
    }

    /** What prompts and replies of the first pairs say. */
    private static List<String> texts(List<Preference> pairs) {
        List<String> texts = new ArrayList<>();
        for (Preference pair : pairs.subList(0, Math.min(TEXTS, pairs.size()))) {
            pair.prompt().messages().forEach(message -> texts.add(message.content()));
            texts.add(pair.chosen());
            texts.add(pair.rejected());
        }
        return texts;
    }

    /** Chosen and rejected in turn. */
    private static List<Rendered> rendered(List<Preference> pairs, Renderer renderer) {
        List<Rendered> rendered = new ArrayList<>();
        for (Preference pair : pairs) {
            rendered.add(renderer.complete(pair.prompt(), pair.chosen(), true));
            rendered.add(renderer.complete(pair.prompt(), pair.rejected(), true));
        }
        return rendered;
    }

    private TokenLengths lengths(List<Rendered> rendered, int limit) {
        int[] longer = new int[rendered.size() / 2];
        for (int i = 0; i < longer.length; i++) {
            longer[i] = Math.max(
                    rendered.get(2 * i).ids().length, rendered.get(2 * i + 1).ids().length);
        }
        TokenLengths lengths = TokenLengths.of(longer, limit);
        findings.fact("pairs", lengths);
        boolean truncates = config.data().longPairs() == LongPairs.TRUNCATE;
        boolean none = !truncates && lengths.tooLong() == lengths.count();
        findings.check(
                "data.max_length",
                lengths.tooLong() == 0 ? CheckStatus.OK : none ? CheckStatus.PROBLEM : CheckStatus.NOTE,
                lengths.tooLong() == 0
                        ? "every pair fits"
                        : lengths.tooLong() + " of " + lengths.count() + " pairs are longer than " + limit
                                + " tokens and "
                                + (truncates
                                        ? config.data().truncationMode() == TruncationMode.KEEP_START
                                                ? "are cut on the right"
                                                : "are cut on the left"
                                        : "are dropped")
                                + (none ? ", so none is left; raise it, or set data.long_pairs: truncate" : ""));
        return lengths;
    }
}

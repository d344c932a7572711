package dev.flipside.cli.inspect;

import dev.flipside.algo.McNemarPower;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Numbers;
import dev.flipside.config.DataConfig;
import dev.flipside.config.GateConfig.Pairs;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.config.RolloutConfig;
import dev.flipside.config.Spelling;
import dev.flipside.config.TrainConfig;
import dev.flipside.data.Preference;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.Backbone;
import dev.flipside.model.CausalLm;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardFunctions;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import dev.flipside.text.Rendered;
import dev.flipside.text.Renderer;
import dev.flipside.train.ConfiguredModels;
import dev.flipside.train.ConfiguredRewards;
import dev.flipside.train.EndOfTurn;
import dev.flipside.train.MemoryEstimate;
import dev.flipside.train.ModelSize;
import dev.flipside.train.Overlap;
import dev.flipside.train.PairTally;
import dev.flipside.train.PrefixProbe;
import dev.flipside.train.ReferenceCheck;
import dev.flipside.train.Renderers;
import dev.flipside.train.TaughtBy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** Looks at everything that {@code flipside train} would use. */
final class TrainInspection {
    /** Prompts rendered for the reward model's checks. */
    private static final int RENDERED = 200;
    /** Of the losses that the gate is to find. */
    private static final double GATE_POWER = 0.8;
    /** Share of pairs that change sides without a loss: what an update does to pairs near the margin. */
    private static final double GATE_TURNOVER = 0.1;

    private final TrainConfig config;
    private final Findings findings;
    private final Console console;
    private final Device device;
    private final DataFindings data;

    TrainInspection(TrainConfig config, Findings findings, Console console) {
        this.config = config;
        this.findings = findings;
        this.console = console;
        this.device = Device.parse(config.run().device());
        this.data = new DataFindings(config.data().systemPrompt(), Optional.empty(), findings);
    }

    void run() {
        try (ConfiguredRewards rewards = ConfiguredRewards.of(config)) {
            run(rewards);
        }
    }

    private void run(ConfiguredRewards rewards) {
        RolloutConfig rollout = config.rollout();
        findings.fact(
                "run",
                String.format(
                        Locale.ROOT,
                        "%s with save.preset %s: %d round(s) of %d steps, %d prompts x %d completions each",
                        Spelling.of(config.algorithm().name()),
                        Spelling.of(config.save().preset()),
                        config.run().rounds(),
                        config.run().maxSteps(),
                        rollout.promptsPerStep(),
                        rollout.numGenerations()));
        List<PromptExample> prompts = data.prompts("data.prompts", config.data().prompts());
        Precision precision = ModelInspection.precision(config.run().dtype(), device, findings);
        Path dir = Path.of(config.policy().model());
        console.info("loading the policy");
        try (CausalLm policy = ConfiguredModels.policy(config.policy(), seeds(), device, Precision.FLOAT32);
                Renderer renderer = Renderers.load(dir, config.policy().template(), policy.files())) {
            ModelSize size = ModelSize.of(policy);
            findings.fact("policy", ModelInspection.describe(policy.files(), size));
            ReaderInspection reader = new ReaderInspection("policy", renderer, findings);
            reader.template("policy", dir, config.policy().template());
            findings.fact("rewards", described(rewards));
            int room = size.config().maxPositionEmbeddings() - rollout.maxCompletionLength();
            TokenLengths lengths = lengths("prompts", "data.prompts", prompts, renderer, room);
            config.data().evalPrompts().ifPresent(file -> {
                List<PromptExample> heldOut = data.prompts("data.eval_prompts", file);
                lengths("held-out prompts", "data.eval_prompts", heldOut, renderer, room);
                data.heldOut(Overlap.ofPrompts("data.eval_prompts", heldOut, "data.prompts", prompts));
            });
            pairs();
            List<PromptExample> fitting = prompts.stream()
                    .filter(p -> renderer.prompt(p.prompt()).length <= room)
                    .toList();
            if (fitting.isEmpty()) {
                return;
            }
            List<ExampleReply> replies = ExampleReply.of(policy, renderer, fitting);
            reader.spelledSpecialTokens(fitting.stream()
                    .limit(RENDERED)
                    .flatMap(p -> p.prompt().messages().stream().map(Message::content))
                    .toList());
            policy(policy, renderer, reader, replies);
            Optional<ModelSize> rewardModel = config.rewardModel()
                    .model()
                    .map(model -> rewardModel(Path.of(model), fitting, replies, policy.backbone()));
            references(fitting, rewards);
            functions(rewards, replies);
            int longest = Math.min(lengths.max(), room);
            ModelInspection.memory(
                    MemoryEstimate.ofTraining(config, size, rewardModel, longest, device, precision), device, findings);
        }
    }

    /** The files of labelled pairs, and whether those that are held out are. */
    private void pairs() {
        DataConfig files = config.data();
        List<Preference> taught = files.preferences()
                .map(file -> data.counted("labelled pairs", "data.preferences", file))
                .orElse(List.of());
        List<Preference> trusted = files.trustedPreferences()
                .map(file -> data.counted("trusted pairs", "data.trusted_preferences", file))
                .orElse(List.of());
        files.trustedPreferences().ifPresent(file -> gate(Pairs.TRUSTED, trusted, files.maxTrustedPreferences()));
        files.evalPreferences().ifPresent(file -> {
            String key = "data.eval_preferences";
            List<Preference> heldOut = data.counted("held-out pairs", key, file);
            gate(Pairs.HELD_OUT, heldOut, 0);
            data.heldOut(Overlap.ofPairs(key, heldOut, "data.preferences", taught));
            data.heldOut(Overlap.ofPairs(key, heldOut, "data.trusted_preferences", trusted));
            config.rewardModel()
                    .model()
                    .flatMap(model -> TaughtBy.remark(Path.of(file), Path.of(model)))
                    .ifPresent(remark -> findings.check(key, CheckStatus.NOTE, remark));
        });
    }

    /**
     * Tells what a gate on these pairs can see, if there is one.
     *
     * @param most pairs that are used, 0 for all
     */
    private void gate(Pairs pairs, List<Preference> read, int most) {
        if (!config.plan().gatePairs().equals(Optional.of(pairs))) {
            return;
        }
        int used = most == 0 ? read.size() : Math.min(most, read.size());
        double alpha = config.save().gating().gateAlpha();
        OptionalDouble loss = new McNemarPower(used, alpha).smallestLoss(GATE_POWER, GATE_TURNOVER);
        findings.check(
                "save.gate",
                loss.isPresent() ? CheckStatus.OK : CheckStatus.NOTE,
                loss.isPresent()
                        ? String.format(
                                Locale.ROOT,
                                "on %d pairs at alpha %s it rolls back four in five updates that lose %.1f points of accuracy, where one pair in ten changes sides besides",
                                used,
                                alpha,
                                100 * loss.getAsDouble())
                        : "on " + used + " pairs at alpha " + alpha
                                + " it finds not even the greatest loss in four of five cases; give it more pairs, or set save.gate: off");
    }

    private String described(ConfiguredRewards rewards) {
        List<String> names = new ArrayList<>();
        config.rewardModel()
                .model()
                .ifPresent(
                        m -> names.add("reward model x " + config.rewardModel().weight()));
        rewards.terms().forEach(term -> names.add(term.label() + " x " + term.weight()));
        rewards.gold().ifPresent(g -> names.add("(" + g.name() + " measures, as eval.gold)"));
        return String.join(", ", names);
    }

    private TokenLengths lengths(String name, String key, List<PromptExample> prompts, Renderer renderer, int room) {
        TokenLengths lengths = TokenLengths.of(
                prompts.stream()
                        .mapToInt(p -> renderer.prompt(p.prompt()).length)
                        .toArray(),
                Math.max(0, room));
        findings.fact(name, lengths);
        boolean drop = config.data().longPrompts() == DataConfig.LongPrompts.DROP && lengths.tooLong() < prompts.size();
        findings.check(
                key,
                lengths.tooLong() == 0 ? CheckStatus.OK : drop ? CheckStatus.NOTE : CheckStatus.PROBLEM,
                lengths.tooLong() == 0
                        ? "all leave room for rollout.max_completion_length"
                        : lengths.tooLong() + " of " + lengths.count() + " have more than the " + lengths.limit()
                                + " tokens that the context leaves beside rollout.max_completion_length "
                                + config.rollout().maxCompletionLength()
                                + (drop
                                        ? "; they are dropped"
                                        : "; shorten them, lower rollout.max_completion_length, or set data.long_prompts: drop"));
        return lengths;
    }

    private void toldApart(String key, Optional<String> file, Renderer renderer, int limit) {
        file.ifPresent(f ->
                data.toldApart(key, PairTally.ofRun(data.preferences(key, f).pairs(), renderer, limit)));
    }

    private void policy(CausalLm policy, Renderer renderer, ReaderInspection reader, List<ExampleReply> replies) {
        ExampleReply first = replies.get(0);
        reader.example("the policy", first.row().ids(), Map.of(first.promptIds().length - 1, "the completion follows"));
        Optional<String> runsOn =
                EndOfTurn.warning(renderer, policy.files(), first.prompt().prompt());
        findings.check(
                "policy: end of turn",
                runsOn.isEmpty() ? CheckStatus.OK : CheckStatus.NOTE,
                runsOn.orElse(renderer.hasTemplate() ? "ends with an end token" : "ends with the end token alone"));
        reader.beginnings(replies.stream().map(ExampleReply::promptIds).toList());
        reader.padding(
                PaddingProbe.gap(policy, replies.stream().map(ExampleReply::row).toList()));
    }

    private Seeds seeds() {
        return new Seeds(config.run().seed());
    }

    private ModelSize rewardModel(
            Path dir, List<PromptExample> prompts, List<ExampleReply> replies, Optional<Backbone> shared) {
        RewardModelConfig section = config.rewardModel();
        console.info("loading the reward model");
        try (RewardModel model = ConfiguredModels.rewardModel(section, seeds(), device, Precision.FLOAT32, shared);
                Renderer renderer = Renderers.load(dir, section.template(), model.files())) {
            int limit = model.files().mostTokens(section.maxLength());
            findings.fact(
                    "reward model",
                    ModelInspection.describe(model.files(), ModelSize.of(model))
                            + (model.hasValueHead() ? ", with a value head" : ", without a value head"));
            ReaderInspection reader = new ReaderInspection("reward model", renderer, findings);
            reader.template("reward_model", dir, section.template());
            ExampleReply first = replies.get(0);
            reader.example(
                    "the reward model", renderer.complete(first.prompt().prompt(), first.text(), first.finished()));
            List<Rendered> rendered = new ArrayList<>();
            for (PromptExample prompt : prompts.subList(0, Math.min(RENDERED, prompts.size()))) {
                rendered.add(renderer.complete(prompt.prompt(), first.text(), true));
            }
            List<Conversation> conversations = prompts.subList(0, rendered.size()).stream()
                    .map(PromptExample::prompt)
                    .toList();
            reader.renderings(
                    rendered, PrefixProbe.ofPrompts(renderer, conversations).first());
            toldApart("data.preferences", config.data().preferences(), renderer, limit);
            toldApart("data.trusted_preferences", config.data().trustedPreferences(), renderer, limit);
            toldApart("data.eval_preferences", config.data().evalPreferences(), renderer, limit);
            long tooLong = rendered.stream()
                    .filter(r -> ScoredRow.of(r).promptTokens() >= limit)
                    .count();
            if (tooLong > 0) {
                findings.check(
                        "reward_model.max_length",
                        CheckStatus.PROBLEM,
                        tooLong + " of " + rendered.size() + " prompts leave no room for an answer within " + limit
                                + " tokens; raise it, or drop those prompts");
            }
            reader.padding(model, rendered, limit);
            return ModelSize.of(model);
        }
    }

    /** What functions need and rows lack. */
    private void references(List<PromptExample> prompts, ConfiguredRewards rewards) {
        List<PromptExample> evalPrompts = config.data()
                .evalPrompts()
                .map(file -> data.prompts("data.eval_prompts", file))
                .orElse(List.of());
        for (ReferenceCheck check :
                ReferenceCheck.require(config, prompts, evalPrompts, rewards.functions(), rewards.gold())) {
            check.remarks().forEach(remark -> findings.check(check.key(), CheckStatus.NOTE, remark));
        }
    }

    /** Every function judges the examples once. */
    private void functions(ConfiguredRewards rewards, List<ExampleReply> replies) {
        List<RewardFunction> all = new ArrayList<>(rewards.functions());
        rewards.gold().ifPresent(all::add);
        List<RewardFunction.Sample> samples =
                replies.stream().map(ExampleReply::sample).toList();
        for (RewardFunction function : all) {
            double first = RewardFunctions.ask(function.name(), function, samples)[0];
            findings.check(
                    "function " + function.name(),
                    Double.isNaN(first) ? CheckStatus.NOTE : CheckStatus.OK,
                    Double.isNaN(first) ? "cannot judge the example" : "gives the example " + Numbers.number(first));
        }
    }
}

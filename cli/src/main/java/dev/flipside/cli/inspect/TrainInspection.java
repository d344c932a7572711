package dev.flipside.cli.inspect;

import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Numbers;
import dev.flipside.config.DataConfig;
import dev.flipside.config.RewardModelConfig;
import dev.flipside.config.RolloutConfig;
import dev.flipside.config.Spelling;
import dev.flipside.config.TrainConfig;
import dev.flipside.config.UserError;
import dev.flipside.data.Margin;
import dev.flipside.data.Preference;
import dev.flipside.data.PreferenceData;
import dev.flipside.data.PromptData;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.Backbone;
import dev.flipside.model.CausalLm;
import dev.flipside.model.Precision;
import dev.flipside.model.RewardModel;
import dev.flipside.model.ScoredRow;
import dev.flipside.model.TokenRow;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardMix;
import dev.flipside.rollout.Completion;
import dev.flipside.rollout.FinishReason;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.Group;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import dev.flipside.text.Rendered;
import dev.flipside.text.Renderer;
import dev.flipside.train.ConfiguredModels;
import dev.flipside.train.EndOfTurn;
import dev.flipside.train.MemoryEstimate;
import dev.flipside.train.PairTally;
import dev.flipside.train.PrefixProbe;
import dev.flipside.train.ReferenceCheck;
import dev.flipside.train.Renderers;
import dev.flipside.train.RewardSignal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Looks at everything that {@code flipside train} would use. */
final class TrainInspection {
    /** Tokens that the policy writes for the examples. */
    private static final int EXAMPLE_TOKENS = 16;

    /** Prompts rendered for the reward model's checks. */
    private static final int RENDERED = 200;

    private final TrainConfig config;
    private final Findings findings;
    private final Console console;
    private final Device device;

    TrainInspection(TrainConfig config, Findings findings, Console console) {
        this.config = config;
        this.findings = findings;
        this.console = console;
        this.device = Device.parse(config.run().device());
    }

    void run() {
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
        List<RewardMix.Term> functions = RewardSignal.functions(config.rewardModel());
        Optional<RewardFunction> gold = config.eval().gold().map(g -> RewardSignal.named("eval.gold", g));
        List<PromptExample> prompts = prompts("data.prompts", config.data().prompts());
        boolean half = ModelInspection.halfPrecision(config.run().dtype(), device, findings);
        Path dir = Path.of(config.policy().model());
        console.info("loading the policy");
        try (CausalLm policy = ConfiguredModels.policy(config.policy(), seeds(), device, Precision.FLOAT32);
                Renderer renderer = Renderers.load(dir, config.policy().template(), policy.files())) {
            MemoryEstimate.Shape shape = MemoryEstimate.Shape.of(policy);
            findings.fact("policy", ModelInspection.describe(policy.files(), shape));
            ModelInspection.template("policy", "policy", dir, config.policy().template(), findings);
            findings.fact("rewards", rewards(functions, gold));
            int room = shape.config().maxPositionEmbeddings() - rollout.maxCompletionLength();
            TokenLengths lengths = lengths("prompts", "data.prompts", prompts, renderer, room);
            config.data()
                    .evalPrompts()
                    .ifPresent(file -> lengths(
                            "held-out prompts",
                            "data.eval_prompts",
                            prompts("data.eval_prompts", file),
                            renderer,
                            room));
            pairs("replayed pairs", "data.preferences", config.data().preferences());
            pairs("held-out pairs", "data.eval_preferences", config.data().evalPreferences());
            List<PromptExample> fitting = prompts.stream()
                    .filter(p -> renderer.prompt(p.prompt()).length <= room)
                    .toList();
            if (fitting.isEmpty()) {
                return;
            }
            List<Reply> replies = replies(policy, renderer, fitting);
            ModelInspection.spelledSpecialTokens(
                    "policy",
                    renderer,
                    fitting.stream()
                            .limit(RENDERED)
                            .flatMap(p -> p.prompt().messages().stream().map(Message::content))
                            .toList(),
                    findings);
            policy(policy, renderer, replies);
            Optional<MemoryEstimate.Shape> rewardModel = config.rewardModel()
                    .model()
                    .map(model -> rewardModel(Path.of(model), fitting, replies, policy.backbone()));
            references(fitting, functions, gold);
            functions(functions, gold, replies);
            int longest = Math.min(lengths.max(), room);
            ModelInspection.memory(
                    MemoryEstimate.ofTraining(config, shape, rewardModel, longest, half), device, findings);
        }
    }

    private String rewards(List<RewardMix.Term> functions, Optional<RewardFunction> gold) {
        List<String> names = new ArrayList<>();
        config.rewardModel()
                .model()
                .ifPresent(
                        m -> names.add("reward model x " + config.rewardModel().weight()));
        functions.forEach(term -> names.add(term.label() + " x " + term.weight()));
        gold.ifPresent(g -> names.add("(" + g.name() + " measures, as eval.gold)"));
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

    private List<PromptExample> prompts(String key, String file) {
        return UserError.under(
                key, () -> PromptData.read(Path.of(file), config.data().systemPrompt()));
    }

    private void pairs(String name, String key, Optional<String> file) {
        file.ifPresent(f -> findings.fact(name, pairs(key, f).size()));
    }

    private List<Preference> pairs(String key, String file) {
        return UserError.under(key, () -> PreferenceData.read(Path.of(file), Margin.parse(Optional.empty())))
                .withSystem(config.data().systemPrompt())
                .pairs();
    }

    private void alike(String key, Optional<String> file, Renderer renderer, int limit) {
        file.ifPresent(f -> ModelInspection.pairs(key, PairTally.ofRun(pairs(key, f), renderer, limit), findings));
    }

    /** What the policy answers, greedily. */
    private record Reply(PromptExample prompt, int[] promptIds, Completion completion, String text) {
        boolean finished() {
            return completion.finishReason() == FinishReason.STOP;
        }

        TokenRow row() {
            return new TokenRow(
                    IntStream.concat(IntStream.of(promptIds), IntStream.of(completion.ids()))
                            .toArray(),
                    promptIds.length);
        }
    }

    private static List<Reply> replies(CausalLm policy, Renderer renderer, List<PromptExample> prompts) {
        List<PromptExample> few = prompts.subList(0, Math.min(ModelInspection.PROBED, prompts.size()));
        List<int[]> ids = few.stream().map(p -> renderer.prompt(p.prompt())).toList();
        List<Group> groups;
        try (Generator generator =
                new Generator(policy, new Generator.Settings(ModelInspection.PROBED, List.of(), renderer::decode))) {
            groups = generator.generate(ids, 1, SamplingOptions.greedy(EXAMPLE_TOKENS), (prompt, sample) -> 0);
        }
        List<Reply> replies = new ArrayList<>();
        for (int i = 0; i < few.size(); i++) {
            Completion completion = groups.get(i).completions().get(0);
            String text = renderer.completionText(ids.get(i), completion.ids());
            replies.add(new Reply(few.get(i), ids.get(i), completion, text));
        }
        return replies;
    }

    private void policy(CausalLm policy, Renderer renderer, List<Reply> replies) {
        Reply first = replies.get(0);
        findings.example(
                "the policy",
                renderer.show(first.row().ids(), Map.of(first.promptIds().length - 1, "the completion follows")));
        Optional<String> runsOn =
                EndOfTurn.warning(renderer, policy.files(), first.prompt().prompt());
        findings.check(
                "policy: end of turn",
                runsOn.isEmpty() ? CheckStatus.OK : CheckStatus.NOTE,
                runsOn.orElse(renderer.hasTemplate() ? "ends with an end token" : "ends with the end token alone"));
        ModelInspection.beginning(
                "policy", renderer, replies.stream().map(Reply::promptIds).toList(), findings);
        ModelInspection.padding(
                "policy",
                PaddingProbe.gap(policy, replies.stream().map(Reply::row).toList()),
                findings);
    }

    private Seeds seeds() {
        return new Seeds(config.run().seed());
    }

    private MemoryEstimate.Shape rewardModel(
            Path dir, List<PromptExample> prompts, List<Reply> replies, Optional<Backbone> shared) {
        RewardModelConfig section = config.rewardModel();
        console.info("loading the reward model");
        try (RewardModel model = ConfiguredModels.rewardModel(section, seeds(), device, Precision.FLOAT32, shared);
                Renderer renderer = Renderers.load(dir, section.template(), model.files())) {
            int limit = model.files().mostTokens(section.maxLength());
            findings.fact(
                    "reward model",
                    ModelInspection.describe(model.files(), MemoryEstimate.Shape.of(model))
                            + (model.hasValueHead() ? ", with a value head" : ", without a value head"));
            ModelInspection.template("reward model", "reward_model", dir, section.template(), findings);
            Reply first = replies.get(0);
            Rendered shown = renderer.complete(first.prompt().prompt(), first.text(), first.finished());
            findings.example("the reward model", renderer.show(shown.ids(), Findings.scoredPositions(shown)));
            List<Rendered> rendered = new ArrayList<>();
            for (PromptExample prompt : prompts.subList(0, Math.min(RENDERED, prompts.size()))) {
                rendered.add(renderer.complete(prompt.prompt(), first.text(), true));
            }
            List<Conversation> conversations = prompts.subList(0, rendered.size()).stream()
                    .map(PromptExample::prompt)
                    .toList();
            ModelInspection.renderings(
                    "reward model",
                    renderer,
                    rendered,
                    PrefixProbe.ofPrompts(renderer, conversations).first(),
                    findings);
            alike("data.preferences", config.data().preferences(), renderer, limit);
            alike("data.eval_preferences", config.data().evalPreferences(), renderer, limit);
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
            List<ScoredRow> rows = rendered.stream()
                    .map(ScoredRow::of)
                    .filter(r -> r.longest() <= limit)
                    .toList();
            if (!rows.isEmpty()) {
                ModelInspection.rewardModel(model, rows, findings);
            }
            return MemoryEstimate.Shape.of(model);
        }
    }

    /** What functions need and rows lack. */
    private void references(
            List<PromptExample> prompts, List<RewardMix.Term> functions, Optional<RewardFunction> gold) {
        List<PromptExample> evalPrompts = config.data()
                .evalPrompts()
                .map(file -> prompts("data.eval_prompts", file))
                .orElse(List.of());
        List<RewardFunction> all =
                functions.stream().map(RewardMix.Term::function).toList();
        for (ReferenceCheck check : ReferenceCheck.require(config, prompts, evalPrompts, all, gold)) {
            check.remarks().forEach(remark -> findings.check(check.key(), CheckStatus.NOTE, remark));
        }
    }

    /** Every function judges the examples once. */
    private void functions(List<RewardMix.Term> functions, Optional<RewardFunction> gold, List<Reply> replies) {
        List<RewardFunction> all = new ArrayList<>();
        functions.forEach(term -> all.add(term.function()));
        gold.ifPresent(all::add);
        List<RewardFunction.Sample> samples = replies.stream()
                .map(r -> new RewardFunction.Sample(
                        r.prompt().prompt(),
                        r.text(),
                        r.completion().ids(),
                        r.finished(),
                        r.prompt().columns()))
                .toList();
        for (RewardFunction function : all) {
            double first = function.score(samples)[0];
            findings.check(
                    "function " + function.name(),
                    Double.isNaN(first) ? CheckStatus.NOTE : CheckStatus.OK,
                    Double.isNaN(first) ? "cannot judge the example" : "gives the example " + Numbers.number(first));
        }
    }
}

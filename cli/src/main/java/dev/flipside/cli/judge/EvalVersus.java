package dev.flipside.cli.judge;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.command.ModelRenderers;
import dev.flipside.cli.command.NativeLibraries;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Numbers;
import dev.flipside.cli.console.Progress;
import dev.flipside.cli.policy.AnswersMadeElsewhere;
import dev.flipside.cli.policy.PolicyTask;
import dev.flipside.config.Spelling;
import dev.flipside.config.UserError;
import dev.flipside.data.PlainText;
import dev.flipside.data.PromptData;
import dev.flipside.data.PromptExample;
import dev.flipside.engine.Device;
import dev.flipside.eval.Bootstrap;
import dev.flipside.eval.Interval;
import dev.flipside.eval.judge.ChatReply;
import dev.flipside.eval.judge.ChatRequest;
import dev.flipside.eval.judge.Judge;
import dev.flipside.eval.judge.JudgeTemplate;
import dev.flipside.eval.judge.MatchOutcome;
import dev.flipside.eval.judge.Versus;
import dev.flipside.eval.judge.Versus.Winner;
import dev.flipside.eval.policy.AnswerRewards;
import dev.flipside.eval.policy.PolicyAnswer;
import dev.flipside.eval.policy.PolicyPrompt;
import dev.flipside.model.RewardModel;
import dev.flipside.model.RewardReader;
import dev.flipside.text.Conversation;
import dev.flipside.text.Renderer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** {@code flipside eval-policy versus}. */
@Command(
        name = "versus",
        description = {
            "Compares two policies on the same prompts: how often --model (or --answers) beats the baseline.",
            "The judge is a language model (--judge; both orders, a win is one in both) or a reward model that neither policy was trained on."
        })
public final class EvalVersus extends PolicyTask {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Option(
            names = "--prompts",
            required = true,
            paramLabel = "FILE",
            description = "Prompts, in any shape that train reads; or org/name[:[config/]split] on the Hub.")
    private String promptFile;

    @ArgGroup(multiplicity = "1")
    private Baseline baseline;

    /** One of the two. */
    private static final class Baseline {
        @Option(
                names = "--baseline-model",
                paramLabel = "MODEL",
                description = "The policy to beat: a model directory, or org/name[@revision] on the Hub.")
        private Optional<String> model = Optional.empty();

        @Option(
                names = "--baseline-answers",
                paramLabel = "FILE",
                description = "Its answers, made elsewhere, in the shapes of --answers.")
        private Optional<Path> answers = Optional.empty();
    }

    @Option(
            names = "--judge-reward-model",
            paramLabel = "MODEL",
            description =
                    "A reward model that scores both answers, instead of --judge: a directory, or org/name[@revision] on the Hub.")
    private Optional<String> rewardModel = Optional.empty();

    @Option(
            names = "--judge-max-tokens",
            paramLabel = "N",
            defaultValue = "2000",
            description = "Most tokens of a judgment (default: ${DEFAULT-VALUE}).")
    private int maxTokens;

    @Mixin
    private JudgeOptions judgeOptions;

    /** What the judge said, in a shape of its own for each kind of judge. */
    private record JudgedPairs(
            List<MatchOutcome> outcomes, List<ObjectNode> lines, List<List<String>> rows, Map<String, Object> json) {}

    private record Pair(PolicyAnswer policy, PolicyAnswer baseline) {}

    @Override
    protected int run(Console console) throws IOException, InterruptedException {
        if (judgeOptions.given() == rewardModel.isPresent()) {
            throw wrongOptions("give one judge: --judge or --judge-reward-model");
        }
        if (rewardModel.isPresent()) {
            refuseOptionsOfJudges();
        }
        JudgeTemplate template = judgeOptions.template(Versus.PLACEHOLDERS, Versus.ownTemplate());
        List<PolicyPrompt> prompts = options().limited(prompts(inputs(console).data("--prompts", promptFile)));
        List<PolicyAnswer> policy = answers(console, prompts);
        List<PolicyAnswer> base = baseline.answers.isPresent()
                ? AnswersMadeElsewhere.read(baseline.answers.get(), prompts)
                : generated(
                        "--baseline-model",
                        baseline.model.orElseThrow(),
                        options().out().resolve("baseline"),
                        console,
                        prompts);
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            pairs.add(new Pair(policy.get(i), base.get(i)));
        }
        JudgedPairs result = rewardModel.isPresent()
                ? byRewardModel(console, rewardModel.get(), pairs)
                : byJudge(console, judgeOptions.open(options().out()), template, pairs);
        JudgeFigures.write(options().out().resolve("judgments.jsonl"), result.lines());
        if (result.outcomes().stream().allMatch(MatchOutcome.NONE::equals)) {
            throw new UserError(
                    "The judge gave no verdict [[A]], [[B]] or [[C]] in both games of any prompt; its replies are in "
                            + options().out().resolve("judgments.jsonl")
                            + "; take another judge or template, or raise --judge-max-tokens.");
        }
        report(console, pairs, result);
        return ExitCode.OK;
    }

    private void refuseOptionsOfJudges() {
        spec().commandLine().getParseResult().matchedOptions().stream()
                .map(OptionSpec::longestName)
                .filter(name -> name.startsWith("--judge-") && !name.equals("--judge-reward-model"))
                .findFirst()
                .ifPresent(name -> {
                    throw wrongOptions(name + " has no effect with --judge-reward-model; leave it out");
                });
    }

    @Override
    protected boolean generatesAnyway() {
        return baseline.model.isPresent();
    }

    private List<PolicyPrompt> prompts(Path file) {
        List<PolicyPrompt> prompts = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        for (PromptExample example : PromptData.read(file)) {
            int line = prompts.size() + 1;
            String id = Stream.of("id", "uid", "question_id")
                    .filter(example.columns()::containsKey)
                    .map(column -> PlainText.of(example.columns().get(column)))
                    .findFirst()
                    .orElse(Integer.toString(line));
            if (!ids.add(id)) {
                throw new UserError("--prompts: row " + line + " of " + promptFile + " has the id " + id
                        + " of an earlier row; give each prompt its own.");
            }
            prompts.add(new PolicyPrompt(id, example.prompt()));
        }
        return prompts;
    }

    private JudgedPairs byJudge(Console console, Judge judge, JudgeTemplate template, List<Pair> pairs)
            throws IOException, InterruptedException {
        List<ChatRequest> requests = new ArrayList<>();
        for (Pair pair : pairs) {
            String ours = pair.policy().completion();
            String theirs = pair.baseline().completion();
            Conversation prompt = pair.policy().prompt().messages();
            requests.add(Versus.request(template, judge.model(), prompt, ours, theirs, maxTokens));
            requests.add(Versus.request(template, judge.model(), prompt, theirs, ours, maxTokens));
        }
        List<String> replies;
        try (Progress progress = console.progress("judge", requests.size(), "games")) {
            replies = judge.ask(
                    requests, ChatReply::text, text -> Versus.winner(text).isPresent(), done -> progress.at(done, ""));
        }
        List<MatchOutcome> outcomes = new ArrayList<>();
        List<ObjectNode> lines = new ArrayList<>();
        int byPlace = 0;
        for (int i = 0; i < pairs.size(); i++) {
            Optional<Winner> first = Versus.winner(replies.get(2 * i));
            Optional<Winner> second = Versus.winner(replies.get(2 * i + 1));
            byPlace += Versus.decidedByPlace(first, second) ? 1 : 0;
            outcomes.add(Versus.outcome(first, second));
            lines.add(line(pairs.get(i), outcomes.get(i))
                    .put("judge", judge.model())
                    .put("policy_first", replies.get(2 * i))
                    .put("policy_second", replies.get(2 * i + 1)));
        }
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("judge", judge.model()));
        rows.add(List.of("same place preferred twice", byPlace + " of " + pairs.size()));
        rows.addAll(JudgeFigures.usage(judge.usage(), judgeOptions.prices()));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("decided_by_place", byPlace);
        json.put("judge", JudgeFigures.usageJson(judge.model(), judge.usage(), judgeOptions.prices()));
        return new JudgedPairs(outcomes, lines, rows, json);
    }

    private JudgedPairs byRewardModel(Console console, String named, List<Pair> pairs) {
        Path directory = inputs(console).model("--judge-reward-model", named);
        NativeLibraries.load(console, directory);
        List<PolicyAnswer> answers = pairs.stream()
                .flatMap(pair -> Stream.of(pair.policy(), pair.baseline()))
                .toList();
        double[] rewards;
        try (RewardModel model = RewardModel.load(directory, Device.parse(common().device()));
                Renderer renderer = ModelRenderers.of(model.files());
                Progress progress = console.progress("score", answers.size(), "answers")) {
            rewards = AnswerRewards.of(
                    new RewardReader(model, renderer), directory, answers, done -> progress.at(done, ""));
        }
        List<MatchOutcome> outcomes = new ArrayList<>();
        List<ObjectNode> lines = new ArrayList<>();
        double[] differences = new double[pairs.size()];
        for (int i = 0; i < pairs.size(); i++) {
            double ours = rewards[2 * i];
            double theirs = rewards[2 * i + 1];
            differences[i] = ours - theirs;
            outcomes.add(MatchOutcome.ofRewards(ours, theirs));
            lines.add(line(pairs.get(i), outcomes.get(i))
                    .put("judge", named)
                    .put("policy_reward", ours)
                    .put("baseline_reward", theirs));
        }
        Interval difference = Bootstrap.meanOf(differences);
        List<List<String>> rows = List.of(
                List.of("judge", named),
                List.of(
                        "mean difference in reward",
                        Numbers.signed(difference.mean()) + "  (95 % interval " + Numbers.signed(difference.low())
                                + " to " + Numbers.signed(difference.high()) + ")"));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("reward_difference", JudgeFigures.json(difference));
        json.put("judge", Map.of("reward_model", named));
        return new JudgedPairs(outcomes, lines, rows, json);
    }

    private static ObjectNode line(Pair pair, MatchOutcome outcome) {
        return JSON.createObjectNode()
                .put("id", pair.policy().prompt().id())
                .put("policy", pair.policy().completion())
                .put("baseline", pair.baseline().completion())
                .put("outcome", Spelling.of(outcome));
    }

    private void report(Console console, List<Pair> pairs, JudgedPairs result) {
        Versus.Summary summary = Versus.Summary.of(result.outcomes());
        double ours = Versus.meanLength(
                pairs.stream().map(pair -> pair.policy().completion()).toList());
        double theirs = Versus.meanLength(
                pairs.stream().map(pair -> pair.baseline().completion()).toList());
        List<List<String>> table = new ArrayList<>();
        table.add(JudgeFigures.percent("win rate", summary.winRate()));
        table.add(List.of("wins, ties, losses", summary.wins() + ", " + summary.ties() + ", " + summary.losses()));
        table.add(List.of("without a verdict", Integer.toString(summary.unparsed())));
        table.add(List.of("mean lengths", JudgeFigures.lengths(ours, theirs, "characters")));
        table.addAll(result.rows());
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("benchmark", "versus");
        json.put("prompts", pairs.size());
        json.put("win_rate", JudgeFigures.json(summary.winRate()));
        json.put("wins", summary.wins());
        json.put("ties", summary.ties());
        json.put("losses", summary.losses());
        json.put("unparsed", summary.unparsed());
        json.put("mean_length", ours);
        json.put("baseline_mean_length", theirs);
        json.putAll(result.json());
        JudgeFigures.result(console, options().out(), table, json);
    }
}

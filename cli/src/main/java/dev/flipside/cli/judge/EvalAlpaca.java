package dev.flipside.cli.judge;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Progress;
import dev.flipside.cli.policy.NativeAnswers;
import dev.flipside.cli.policy.PolicyTask;
import dev.flipside.config.UserError;
import dev.flipside.data.Row;
import dev.flipside.data.Rows;
import dev.flipside.eval.Bootstrap;
import dev.flipside.eval.Interval;
import dev.flipside.eval.judge.AlpacaEval;
import dev.flipside.eval.judge.ChatRequest;
import dev.flipside.eval.judge.GamedBaseline;
import dev.flipside.eval.judge.Judge;
import dev.flipside.eval.judge.JudgeTemplate;
import dev.flipside.eval.judge.JudgedInstruction;
import dev.flipside.eval.judge.LengthControl;
import dev.flipside.eval.judge.Versus;
import dev.flipside.eval.policy.PolicyAnswer;
import dev.flipside.eval.policy.PolicyPrompt;
import dev.flipside.text.Conversation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flipside eval-policy alpaca-eval}. */
@Command(
        name = "alpaca-eval",
        description = {
            "AlpacaEval 2: win rate against a baseline, as it is and length-controlled, by a judge that gives log-probabilities.",
            "--answers also takes AlpacaEval's own shape: {\"instruction\", \"output\", \"generator\"}."
        })
public final class EvalAlpaca extends PolicyTask {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Option(
            names = "--baseline",
            required = true,
            paramLabel = "FILE",
            description =
                    "The instructions with the baseline's outputs, {\"instruction\", \"output\", \"generator\"}, as in alpaca_eval_gpt4_baseline.json, or a dataset on the Hub.")
    private String baseline;

    @Option(
            names = "--length-control-data",
            paramLabel = "FILE",
            description = {
                "alpaca_eval's df_gamed.csv, for the leaderboard's length control (length_controlled_v1);",
                "without it, length alone is controlled for (length_controlled_minimal)."
            })
    private Optional<Path> gamed = Optional.empty();

    @Option(names = "--name", paramLabel = "NAME", description = "The model's name in the results.")
    private Optional<String> name = Optional.empty();

    @Mixin
    private JudgeOptions judgeOptions;

    private record Judged(List<AlpacaEval.Item> items, double[] preferences) {}

    private record Names(String model, String baseline, String judge) {}

    private record Controlled(LengthControl.Fit fit, Interval winRate, String glm) {}

    @Override
    protected int run(Console console) throws IOException, InterruptedException {
        Path baselineFile = inputs(console).data("--baseline", baseline);
        Optional<GamedBaseline> known = gamed.map(GamedBaseline::read);
        JudgeTemplate template = judgeOptions.template(AlpacaEval.PLACEHOLDERS, AlpacaEval.ownTemplate());
        List<Row> rows = options().limited(Rows.read(baselineFile));
        Judge judge = judgeOptions.open(options().out());
        List<PolicyPrompt> prompts = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            prompts.add(new PolicyPrompt(
                    Integer.toString(i), Conversation.ofPrompt(rows.get(i).requireText("instruction"))));
        }
        List<PolicyAnswer> answers = answers(console, prompts, NativeAnswers::alpaca);
        List<AlpacaEval.Item> items = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            items.add(new AlpacaEval.Item(
                    rows.get(i).requireText("instruction"),
                    rows.get(i).requireText("output"),
                    answers.get(i).completion()));
        }
        Judged judged = new Judged(items, preferences(console, judge, template, items));
        Names names = new Names(name.orElseGet(options()::policyName), NativeAnswers.name(baselineFile), judge.model());
        if (Arrays.stream(judged.preferences()).allMatch(Double::isNaN)) {
            throw new UserError(
                    "The judge " + judge.model()
                            + " named neither m nor M among its most probable tokens for any instruction; take another judge or template.");
        }
        Optional<Controlled> controlled = control(judged, known);
        JudgeFigures.write(options().out().resolve("annotations.jsonl"), lines(judged, names, controlled));
        report(console, judged, names, controlled, judge);
        return ExitCode.OK;
    }

    private static double[] preferences(
            Console console, Judge judge, JudgeTemplate template, List<AlpacaEval.Item> items)
            throws IOException, InterruptedException {
        List<AlpacaEval.Item> open = items.stream()
                .filter(item -> AlpacaEval.withoutJudge(item).isEmpty())
                .toList();
        List<ChatRequest> requests = open.stream()
                .map(item -> AlpacaEval.request(item, template, judge.model()))
                .toList();
        List<Double> asked;
        try (Progress progress = console.progress("judge", requests.size(), "instructions")) {
            asked = judge.ask(
                    requests,
                    AlpacaEval::firstPreferred,
                    preferred -> !Double.isNaN(preferred),
                    done -> progress.at(done, ""));
        }
        double[] preferences = new double[items.size()];
        int next = 0;
        for (int i = 0; i < preferences.length; i++) {
            AlpacaEval.Item item = items.get(i);
            preferences[i] = AlpacaEval.withoutJudge(item).isPresent()
                    ? AlpacaEval.withoutJudge(item).getAsDouble()
                    : AlpacaEval.preference(item, asked.get(next++));
        }
        return preferences;
    }

    private static Optional<Controlled> control(Judged judged, Optional<GamedBaseline> known) {
        List<JudgedInstruction> lengths = AlpacaEval.lengths(judged.items(), judged.preferences());
        if (!LengthControl.canFit(lengths)) {
            return Optional.empty();
        }
        LengthControl.Fit fit = LengthControl.fit(lengths, known);
        return Optional.of(new Controlled(
                fit,
                LengthControl.interval(lengths, known, fit),
                known.isPresent() ? "length_controlled_v1" : "length_controlled_minimal"));
    }

    private static List<ObjectNode> lines(Judged judged, Names names, Optional<Controlled> controlled) {
        List<ObjectNode> lines = new ArrayList<>();
        for (int i = 0; i < judged.items().size(); i++) {
            AlpacaEval.Item item = judged.items().get(i);
            ObjectNode line = JSON.createObjectNode()
                    .put("index", i)
                    .put("instruction", item.instruction())
                    .put("output_1", item.baseline())
                    .put("generator_1", names.baseline())
                    .put("output_2", item.model())
                    .put("generator_2", names.model())
                    .put("annotator", names.judge())
                    .put("is_switched_outputs", AlpacaEval.switched(item.instruction()));
            double preference = judged.preferences()[i];
            line.put("preference", Double.isNaN(preference) ? null : (Double) preference);
            int place = i;
            controlled.ifPresent(
                    c -> line.put("glm_preference", c.fit().predictions().get(place)));
            lines.add(line);
        }
        return lines;
    }

    private void report(Console console, Judged judged, Names names, Optional<Controlled> controlled, Judge judge) {
        AlpacaEval.WinRate rate = AlpacaEval.WinRate.of(judged.preferences());
        Interval interval = Bootstrap.meanOf(Arrays.stream(judged.preferences())
                .filter(value -> !Double.isNaN(value))
                .map(value -> value - 1)
                .toArray());
        double model = Versus.meanLength(
                judged.items().stream().map(AlpacaEval.Item::model).toList());
        double base = Versus.meanLength(
                judged.items().stream().map(AlpacaEval.Item::baseline).toList());
        List<List<String>> table = new ArrayList<>();
        table.add(List.of("model and baseline", names.model() + ", " + names.baseline()));
        table.add(JudgeFigures.percent("win rate", interval));
        controlled.ifPresentOrElse(
                c -> table.add(JudgeFigures.percent("length-controlled", c.winRate())),
                () -> table.add(
                        List.of("length-controlled", "not fitted: lengths differ alike, or under 5 preferences")));
        controlled.ifPresent(c -> table.add(List.of("length control", c.glm())));
        table.add(List.of("wins, draws, losses", rate.wins() + ", " + rate.draws() + ", " + rate.losses()));
        table.add(List.of("without a preference", Integer.toString(rate.unparsed())));
        table.add(List.of("mean lengths", JudgeFigures.lengths(model, base, "characters")));
        table.addAll(JudgeFigures.usage(judge.usage(), judgeOptions.prices()));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("benchmark", "alpaca-eval");
        json.put("model", names.model());
        json.put("baseline", names.baseline());
        json.put("prompts", judged.items().size());
        json.put("win_rate", JudgeFigures.json(interval));
        json.put("standard_error", rate.standardError());
        json.put("discrete_win_rate", rate.discreteWinRate());
        controlled.ifPresent(c -> {
            json.put("length_controlled_win_rate", JudgeFigures.json(c.winRate()));
            json.put("lc_standard_error", c.fit().standardError());
            json.put("length_control", c.glm());
            json.put("length_control_weights", c.fit().weights());
        });
        json.put("wins", rate.wins());
        json.put("draws", rate.draws());
        json.put("losses", rate.losses());
        json.put("unparsed", rate.unparsed());
        json.put("mean_length", model);
        json.put("baseline_mean_length", base);
        json.put("judge", JudgeFigures.usageJson(judge.model(), judge.usage(), judgeOptions.prices()));
        JudgeFigures.result(console, options().out(), table, json);
    }
}

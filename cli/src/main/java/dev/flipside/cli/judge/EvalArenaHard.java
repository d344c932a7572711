package dev.flipside.cli.judge;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Progress;
import dev.flipside.cli.policy.NativeAnswers;
import dev.flipside.cli.policy.PolicyTask;
import dev.flipside.config.UserError;
import dev.flipside.eval.Bootstrap;
import dev.flipside.eval.Interval;
import dev.flipside.eval.judge.ArenaBattle;
import dev.flipside.eval.judge.ArenaFiles;
import dev.flipside.eval.judge.ArenaGame;
import dev.flipside.eval.judge.ArenaHard;
import dev.flipside.eval.judge.ArenaJudgment;
import dev.flipside.eval.judge.ArenaScore;
import dev.flipside.eval.judge.ChatReply;
import dev.flipside.eval.judge.ChatRequest;
import dev.flipside.eval.judge.Judge;
import dev.flipside.eval.judge.JudgeTemplate;
import dev.flipside.eval.judge.StyleControl;
import dev.flipside.eval.judge.StyleFeatures;
import dev.flipside.eval.policy.PolicyAnswer;
import dev.flipside.eval.policy.PolicyPrompt;
import dev.flipside.text.Conversation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flipside eval-policy arena-hard}. */
@Command(
        name = "arena-hard",
        description = {
            "Arena-Hard: two games per question against a baseline with swapped places, scores as they are and with style held equal.",
            "--answers also takes Arena-Hard's own shape: {\"uid\", \"model\", \"messages\"}. Answers and judgments are written in it, too."
        })
public final class EvalArenaHard extends PolicyTask {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Of the resamples; the same judgments always give the same scores. */
    private static final long SEED = 0;

    @Option(
            names = "--questions",
            required = true,
            paramLabel = "FILE",
            description = "question.jsonl: {\"uid\", \"category\", \"prompt\"}.")
    private String questionFile;

    @Option(
            names = "--baseline",
            required = true,
            paramLabel = "FILE",
            description =
                    "The baseline's answers in Arena-Hard's shape (v2.0: o3-mini-2025-01-31.jsonl for hard_prompt).")
    private String baselineFile;

    @Option(
            names = "--category",
            paramLabel = "NAME",
            description = "Only the questions of this category; needed where the file has several.")
    private Optional<String> category = Optional.empty();

    @Option(
            names = "--judge-max-tokens",
            paramLabel = "N",
            defaultValue = "16000",
            description = "Most tokens of a judgment (default: ${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(names = "--name", paramLabel = "NAME", description = "The model's name in the results.")
    private Optional<String> name = Optional.empty();

    @Mixin
    private JudgeOptions judgeOptions;

    /** All that a question's games are made of. */
    private record Item(ArenaFiles.Question question, String answer, ArenaFiles.Answer baseline) {}

    @Override
    protected int run(Console console) throws IOException, InterruptedException {
        JudgeTemplate template = judgeOptions.template(ArenaHard.PLACEHOLDERS, ArenaHard.ownTemplate());
        List<ArenaFiles.Question> questions =
                options().limited(questions(inputs(console).data("--questions", questionFile)));
        Map<String, ArenaFiles.Answer> baseline =
                ArenaFiles.answers(inputs(console).data("--baseline", baselineFile)).stream()
                        .collect(Collectors.toMap(ArenaFiles.Answer::uid, answer -> answer, (first, again) -> again));
        Judge judge = judgeOptions.open(options().out());
        for (ArenaFiles.Question question : questions) {
            if (!baseline.containsKey(question.uid())) {
                throw new UserError("--baseline: " + baselineFile + " has no answer to question " + question.uid()
                        + "; give the baseline of this version and category.");
            }
        }
        List<PolicyAnswer> answers = answers(
                console,
                questions.stream()
                        .map(question -> new PolicyPrompt(question.uid(), Conversation.ofPrompt(question.prompt())))
                        .toList(),
                NativeAnswers::arena);
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) {
            items.add(new Item(
                    questions.get(i),
                    answers.get(i).completion(),
                    baseline.get(questions.get(i).uid())));
        }
        String model = name.orElseGet(options()::policyName);
        List<ArenaJudgment> judgments = judgments(console, judge, template, items, model);
        write(items, judgments, model, judge.model());
        List<ArenaBattle> battles = ArenaHard.battles(judgments);
        if (battles.isEmpty()) {
            throw new UserError("The judge " + judge.model()
                    + " gave no verdict such as [[A>B]] in both games of any question; its judgments are in "
                    + options().out() + "; take another judge or template, or raise --judge-max-tokens.");
        }
        report(console, items, battles, judgments, model, judge);
        return ExitCode.OK;
    }

    private List<ArenaFiles.Question> questions(Path file) {
        List<ArenaFiles.Question> all = ArenaFiles.questions(file);
        Set<String> categories =
                all.stream().map(ArenaFiles.Question::category).collect(Collectors.toCollection(TreeSet::new));
        if (category.isEmpty() && categories.size() > 1) {
            throw new UserError(questionFile + " has questions of the categories " + String.join(", ", categories)
                    + ", which have different baselines; choose one with --category.");
        }
        if (category.isPresent() && !categories.contains(category.get())) {
            throw new UserError("--category: " + questionFile + " has no questions of category '" + category.get()
                    + "'; it has " + String.join(", ", categories) + ".");
        }
        return all.stream()
                .filter(question -> category.isEmpty() || category.get().equals(question.category()))
                .toList();
    }

    private List<ArenaJudgment> judgments(
            Console console, Judge judge, JudgeTemplate template, List<Item> items, String model)
            throws IOException, InterruptedException {
        List<ChatRequest> requests = new ArrayList<>();
        for (Item item : items) {
            String question = item.question().prompt();
            String base = item.baseline().text();
            requests.add(ArenaHard.request(template, judge.model(), question, base, item.answer(), maxTokens));
            requests.add(ArenaHard.request(template, judge.model(), question, item.answer(), base, maxTokens));
        }
        List<ArenaGame> games;
        try (Progress progress = console.progress("judge", requests.size(), "games")) {
            games = judge.ask(
                    requests,
                    (ChatReply reply) -> ArenaHard.game(reply.text()),
                    game -> game.label().isPresent(),
                    done -> progress.at(done, ""));
        }
        List<ArenaJudgment> judgments = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            judgments.add(
                    new ArenaJudgment(items.get(i).question().uid(), model, games.get(2 * i), games.get(2 * i + 1)));
        }
        return judgments;
    }

    private void write(List<Item> items, List<ArenaJudgment> judgments, String model, String judge) {
        List<ObjectNode> answers = new ArrayList<>();
        List<ObjectNode> judged = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            Item item = items.get(i);
            ObjectNode answer =
                    JSON.createObjectNode().put("uid", item.question().uid()).put("model", model);
            ArrayNode messages = answer.putArray("messages");
            messages.addObject()
                    .put("role", "user")
                    .put("content", item.question().prompt());
            messages.addObject().put("role", "assistant").putObject("content").put("answer", item.answer());
            StyleFeatures style = StyleFeatures.of(item.answer());
            answer.putObject("metadata")
                    .put("token_len", style.tokens())
                    .put("header_count", style.headers())
                    .put("list_count", style.lists())
                    .put("bold_count", style.bold());
            answers.add(answer);
            ObjectNode line = JSON.createObjectNode()
                    .put("uid", item.question().uid())
                    .put("category", item.question().category())
                    .put("judge", judge)
                    .put("model", model)
                    .put("baseline", item.baseline().model());
            ArrayNode games = line.putArray("games");
            for (ArenaGame game :
                    List.of(judgments.get(i).baselineFirst(), judgments.get(i).modelFirst())) {
                ObjectNode entry = games.addObject().put("score", game.label().orElse(null));
                entry.putObject("judgment").put("answer", game.judgment());
            }
            judged.add(line);
        }
        String file = model.replace('/', '_') + ".jsonl";
        JudgeFigures.write(options().out().resolve("model_answer").resolve(file), answers);
        JudgeFigures.write(
                options()
                        .out()
                        .resolve("model_judgment")
                        .resolve(judge.replace('/', '_'))
                        .resolve(file),
                judged);
    }

    private void report(
            Console console,
            List<Item> items,
            List<ArenaBattle> battles,
            List<ArenaJudgment> judgments,
            String model,
            Judge judge) {
        String base = items.get(0).baseline().model();
        ArenaScore score = ArenaHard.scores(battles, SEED).get(model);
        Interval perQuestion = Bootstrap.meanOf(ArenaHard.questionMeans(battles));
        Map<String, StyleFeatures> ofModel = new HashMap<>();
        Map<String, StyleFeatures> ofBaseline = new HashMap<>();
        for (Item item : items) {
            ofModel.put(item.question().uid(), StyleFeatures.of(item.answer()));
            ofBaseline.put(item.question().uid(), item.baseline().style());
        }
        StyleControl.Fit style =
                StyleControl.fit(battles, base, (who, uid) -> (who.equals(base) ? ofBaseline : ofModel).get(uid), SEED);
        ArenaScore controlled = style.scores().get(model);
        long unparsed =
                judgments.stream().filter(judgment -> !judgment.complete()).count();
        double tokens = mean(ofModel);
        double baseTokens = mean(ofBaseline);

        List<List<String>> table = new ArrayList<>();
        table.add(List.of("model and baseline", model + ", " + base));
        table.add(JudgeFigures.percent("score", score.score(), score.low(), score.high(), "90 %"));
        table.add(JudgeFigures.percent(
                "style-controlled", controlled.score(), controlled.low(), controlled.high(), "90 %"));
        table.add(JudgeFigures.percent("mean over questions", perQuestion));
        table.add(List.of("questions", Integer.toString(items.size())));
        table.add(List.of("without two verdicts", Long.toString(unparsed)));
        table.add(List.of("mean lengths", JudgeFigures.lengths(tokens, baseTokens, "tokens")));
        table.addAll(JudgeFigures.usage(judge.usage(), judgeOptions.prices()));

        Map<String, Object> json = new LinkedHashMap<>();
        json.put("benchmark", "arena-hard");
        json.put("category", items.get(0).question().category());
        json.put("model", model);
        json.put("baseline", base);
        json.put("score", JudgeFigures.json(score.score(), score.low(), score.high()));
        json.put("style_controlled_score", JudgeFigures.json(controlled.score(), controlled.low(), controlled.high()));
        json.put("interval_of_scores", 0.9);
        json.put("style_coefficients", style.coefficients());
        json.put("mean_over_questions", JudgeFigures.json(perQuestion));
        json.put("prompts", items.size());
        json.put("unparsed", unparsed);
        json.put("mean_tokens", tokens);
        json.put("baseline_mean_tokens", baseTokens);
        json.put("judge", JudgeFigures.usageJson(judge.model(), judge.usage(), judgeOptions.prices()));
        JudgeFigures.result(console, options().out(), table, json);
    }

    private static double mean(Map<String, StyleFeatures> styles) {
        return styles.values().stream()
                .mapToInt(StyleFeatures::tokens)
                .average()
                .orElseThrow();
    }
}

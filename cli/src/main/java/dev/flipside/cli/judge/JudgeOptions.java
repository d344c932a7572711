package dev.flipside.cli.judge;

import dev.flipside.cli.command.CommandRoot;
import dev.flipside.eval.judge.Judge;
import dev.flipside.eval.judge.JudgeEndpoint;
import dev.flipside.eval.judge.JudgeTemplate;
import dev.flipside.eval.judge.TokenPrices;
import dev.flipside.net.ApiKey;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Who judges, and what it costs. */
final class JudgeOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = "--judge",
            paramLabel = "MODEL",
            description = "The judge's name at an OpenAI-compatible server, such as gpt-4.1.")
    private Optional<String> model = Optional.empty();

    @Option(
            names = "--judge-url",
            paramLabel = "URL",
            defaultValue = "https://api.openai.com/v1",
            description = "Where that server is, without /chat/completions (default: ${DEFAULT-VALUE}).")
    private String url;

    @Option(
            names = "--judge-key-variable",
            paramLabel = "NAME",
            defaultValue = "OPENAI_API_KEY",
            description = "The environment variable that holds the server's key (default: ${DEFAULT-VALUE}).")
    private String keyVariable;

    @Option(
            names = "--judge-concurrency",
            paramLabel = "N",
            defaultValue = "8",
            description = "Requests under way at once (default: ${DEFAULT-VALUE}).")
    private int concurrency;

    @Option(
            names = "--judge-timeout",
            paramLabel = "SECONDS",
            defaultValue = "300",
            description = "The longest wait for one answer before it is asked for again (default: ${DEFAULT-VALUE}).")
    private int timeout;

    @Option(
            names = "--judge-cache",
            paramLabel = "DIR",
            description =
                    "Where the judge's answers are kept, so that none is asked for twice (default: judge-cache in --out).")
    private Optional<Path> cache = Optional.empty();

    @Option(
            names = "--judge-template",
            paramLabel = "FILE",
            description = "The wording of the question to the judge, instead of Flipside's own.")
    private Optional<Path> template = Optional.empty();

    @Option(
            names = "--judge-input-price",
            paramLabel = "P",
            description = "Price of a million tokens sent, to show the cost.")
    private Optional<Double> inputPrice = Optional.empty();

    @Option(names = "--judge-output-price", paramLabel = "P", description = "Price of a million tokens answered.")
    private Optional<Double> outputPrice = Optional.empty();

    /** Whether a language model was named as the judge. */
    boolean given() {
        return model.isPresent();
    }

    /** The judge, whose answers are kept below {@code out} unless another folder was named. */
    Judge open(Path out) {
        if (model.isEmpty()) {
            throw error("--judge is missing: name the model that judges");
        }
        if (concurrency < 1 || timeout < 1) {
            throw error("--judge-concurrency and --judge-timeout must be at least 1, they are " + concurrency + " and "
                    + timeout);
        }
        if (inputPrice.isPresent() != outputPrice.isPresent()) {
            throw error("--judge-input-price and --judge-output-price have an effect together only; give both or none");
        }
        ApiKey key = ApiKey.of(
                keyVariable,
                Optional.ofNullable(
                        CommandRoot.of(command).streams().environment().get(keyVariable)));
        return new Judge(
                JudgeEndpoint.of(url, model.get(), key, Duration.ofSeconds(timeout)),
                cache.orElse(out.resolve("judge-cache")),
                concurrency);
    }

    /** The user's wording, or else {@code own}. */
    JudgeTemplate template(List<String> placeholders, JudgeTemplate own) {
        return template.map(file -> JudgeTemplate.read(file, placeholders)).orElse(own);
    }

    TokenPrices prices() {
        return new TokenPrices(optional(inputPrice), optional(outputPrice));
    }

    private static OptionalDouble optional(Optional<Double> price) {
        return price.map(OptionalDouble::of).orElseGet(OptionalDouble::empty);
    }

    private ParameterException error(String what) {
        return new ParameterException(command.commandLine(), what);
    }
}

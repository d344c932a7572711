package dev.flipside.cli.inspect;

import dev.flipside.cli.command.FlipsideCommand;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Table;
import dev.flipside.reward.RewardFunction;
import dev.flipside.reward.RewardFunctions;
import dev.flipside.reward.RewardOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;

/** {@code flipside rewards}: the reward functions that a configuration can name. */
@Command(
        name = "rewards",
        description = {
            "Lists the reward functions that reward_model.functions and eval.gold can name, with their options and defaults.",
            "Functions of your own are among them where their jar is on FLIPSIDE_CLASSPATH."
        })
public final class Rewards extends FlipsideCommand {
    @Override
    protected int run(Console console) {
        List<RewardFunction> functions = RewardFunctions.known();
        console.result(
                () -> text(functions),
                Map.of("functions", functions.stream().map(Rewards::object).toList()));
        return ExitCode.OK;
    }

    private static Map<String, Object> object(RewardFunction function) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("name", function.name());
        object.put("summary", plain(function.summary()));
        object.put("class", function.getClass().getName());
        object.put("options", function.options().stream().map(Rewards::object).toList());
        return object;
    }

    private static Map<String, Object> object(RewardOption<?> option) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("name", option.name());
        object.put("type", option.type().name());
        object.put("required", option.required());
        option.standard().ifPresent(value -> object.put("default", value));
        object.put("meaning", plain(option.meaning()));
        return object;
    }

    /** All functions in one table, so that their options stand below each other. */
    private static String text(List<RewardFunction> functions) {
        List<List<String>> rows = new ArrayList<>();
        for (RewardFunction function : functions) {
            rows.add(List.of(function.name(), "", "", described(function)));
            for (RewardOption<?> option : function.options()) {
                rows.add(List.of(
                        "  " + option.name(), option.type().name(), option.shownDefault(), plain(option.meaning())));
            }
        }
        return new Table(List.of("function", "type", "default", "meaning"), rows).render()
                + "\nEvery entry of reward_model.functions also takes weight (default 1) and label (default: the name), which names its metrics.";
    }

    /** A function that says nothing of itself is shown by its class. */
    private static String described(RewardFunction function) {
        return function.summary().isEmpty() ? function.getClass().getName() : plain(function.summary());
    }

    /** Markdown's marks of code are for pages. */
    private static String plain(String text) {
        return text.replace("`", "");
    }
}

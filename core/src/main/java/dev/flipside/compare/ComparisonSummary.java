package dev.flipside.compare;

import dev.flipside.config.ComparisonConfig.Comparison;
import dev.flipside.config.Spelling;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a comparison has come to.
 *
 * @param title what was compared
 * @param registered the question
 * @param result the answer
 * @param fired alarms of the runs, the worst first
 */
public record ComparisonSummary(String title, Registration registered, ComparisonResult result, List<FiredRule> fired) {
    /**
     * Reads the runs that are there.
     *
     * @param folder of a comparison
     * @param title of its base
     * @throws dev.flipside.config.UserError when no comparison has been registered there
     */
    public static ComparisonSummary read(Path folder, String title) {
        Registration registered = ComparisonDirectory.read(folder);
        RunOutcomes outcomes = RunOutcomes.read(folder, registered.config());
        return new ComparisonSummary(title, registered, outcomes.result(), FiredRule.of(outcomes));
    }

    /** What {@code results.json} holds. */
    public Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        Comparison question = registered.config().comparison();
        object.put("title", title);
        object.put("criterion", question.criterion());
        object.put("verdict", result.verdict().key());
        object.put("detectable_effect", question.detectableEffect().getAsDouble());
        object.put("alpha", question.alpha());
        object.put("test", Spelling.of(question.test()));
        object.put("correction", Spelling.of(question.correction()));
        object.put("registered", registered.time());
        object.put("config_sha256", registered.hash());
        object.put("baseline", question.baseline());
        object.put("seeds", question.seeds());
        object.put("outcomes", differences(result));
        object.put("alarms", fired.stream().map(ComparisonSummary::object).toList());
        object.put("folder", registered.folder().toString());
        return object;
    }

    /** Values and differences by outcome and arm, as {@code results.json} has them. */
    public static Map<String, Object> differences(ComparisonResult result) {
        Map<String, Object> outcomes = new LinkedHashMap<>();
        result.outcomes().forEach(o -> outcomes.put(o.outcome().metric(), object(o)));
        return outcomes;
    }

    private static Map<String, Object> object(FiredRule rule) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("arm", rule.arm());
        object.put("name", rule.first().name());
        object.put("level", rule.level().key());
        object.put("meaning", rule.first().meaning());
        List<Map<String, Object>> steps = new ArrayList<>();
        rule.bySeed().forEach((seed, alarm) -> {
            Map<String, Object> step = new LinkedHashMap<>();
            step.put("seed", seed);
            step.put("step", alarm.firstStep());
            steps.add(step);
        });
        object.put("first_steps", steps);
        return object;
    }

    private static Map<String, Object> object(OutcomeResult outcome) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("label", outcome.outcome().title());
        object.put("primary", outcome.outcome().primary());
        object.put("direction", Spelling.of(outcome.outcome().direction()));
        Map<String, Object> arms = new LinkedHashMap<>();
        outcome.values().forEach((arm, values) -> {
            Map<String, Object> of = new LinkedHashMap<>();
            of.put("mean", finite(outcome.mean(arm)));
            of.put(
                    "by_seed",
                    Arrays.stream(values).mapToObj(ComparisonSummary::finite).toList());
            Difference d = outcome.differences().get(arm);
            if (d != null) {
                of.put("difference", finite(d.interval().mean()));
                of.put(
                        "difference_95",
                        List.of(finite(d.interval().low()), finite(d.interval().high())));
                of.put("seeds", d.seeds());
                of.put("p", finite(d.pValue()));
                of.put("p_corrected", finite(d.corrected()));
                of.put("detectable", finite(d.detectable()));
                of.put("verdict", d.verdict().key());
            }
            arms.put(arm, of);
        });
        object.put("arms", arms);
        return object;
    }

    /** JSON has no NaN: what was not measured is empty text. */
    private static Object finite(double value) {
        return Double.isFinite(value) ? value : "";
    }
}

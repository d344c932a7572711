package dev.flipside.config;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** The file of {@code flipside compare}: arms x seeds, and what is asked of them before the first run. */
public record ComparisonConfig(
        @Doc("What is compared and what would count as an answer. Written down before the first run.")
                Comparison comparison,
        @Doc("What the arms have in common: a synthetic world, or a file of `flipside train`.") Base base,
        @Doc("One entry per arm: its name, which is also its folder's, and what is different in it.")
                Map<String, Arm> arms) {

    public ComparisonConfig {
        arms = Collections.unmodifiableMap(new LinkedHashMap<>(arms));
    }

    /** The same with another judge. */
    public ComparisonConfig withJudge(Judge judge) {
        Comparison c = comparison;
        return new ComparisonConfig(
                new Comparison(
                        c.outputDir(),
                        c.seeds(),
                        c.workers(),
                        c.baseline(),
                        c.outcomes(),
                        c.criterion(),
                        c.criterionArms(),
                        c.detectableEffect(),
                        c.alpha(),
                        c.correction(),
                        c.test(),
                        Optional.of(judge)),
                base,
                arms);
    }

    /** Section {@code comparison}. */
    public record Comparison(
            @Doc("Folder of the comparison: its configuration, one folder per seed, `results.json` and `report.html`.")
                    String outputDir,
            @Doc(
                            "Fixed before the first run. In a seed all arms share data, initial policy, initial reward model and the prompts of every step.")
                    List<Long> seeds,
            @Doc("Runs side by side; 0 is as many as there are cores in a world, and 1 elsewhere.") int workers,
            @Doc("The arm that the others are compared with, seed by seed.") String baseline,
            @Doc("What is measured at the end of every run. At least one is primary.") List<Outcome> outcomes,
            @Doc("What is claimed, in one sentence. Required; printed with the verdict.") String criterion,
            @Doc("Arms that the criterion speaks of; the others are controls. Empty is all but the baseline.")
                    List<String> criterionArms,
            @Doc(
                            "Required: the smallest difference in a primary outcome that would matter. A comparison that could not have seen it (power 0.8) has too few seeds.")
                    OptionalDouble detectableEffect,
            @Doc("Two-sided level of the tests.") double alpha,
            @Doc(
                            "Correction over the primary outcomes of the criterion's arms; `holm` is Holm 1979. The other p-values are shown uncorrected.")
                    Correction correction,
            @Doc(
                            "Test of the paired differences. `sign_flip`: permutation of their signs, exact up to 20 seeds; six seeds are the fewest that can reach 0.05. `paired_t`: Student's.")
                    Test test,
            @Doc("A reward model that no arm trains: scores the final policies' completions of `data.eval_prompts`.")
                    Optional<Judge> judge) {}

    /** {@code comparison.correction}. */
    public enum Correction {
        HOLM,
        NONE
    }

    /** {@code comparison.test}. */
    public enum Test {
        SIGN_FLIP,
        PAIRED_T
    }

    /** An entry of {@code comparison.outcomes}. */
    public record Outcome(
            @Doc("Name in `metrics.jsonl`, such as `eval_gold` or `eval_rm/accuracy`; `judge/reward` is the judge's.")
                    String metric,
            @Doc("Name in tables; the metric's by default.") Optional<String> label,
            @Doc("Which way an arm must differ from the baseline for the criterion to be met.") Direction direction,
            @Doc("Primary outcomes decide; secondary ones (the default) are shown beside them.") Role role,
            @Doc("`last`: the run's last value. `mean`: the mean over its logged steps.") Over over,
            @Doc("Overrides `comparison.detectable_effect` for an outcome in another unit.")
                    OptionalDouble detectableEffect) {

        public Outcome {
            label = label == null ? Optional.empty() : label;
            direction = direction == null ? Direction.HIGHER : direction;
            role = role == null ? Role.SECONDARY : role;
            over = over == null ? Over.LAST : over;
            detectableEffect = detectableEffect == null ? OptionalDouble.empty() : detectableEffect;
        }

        /** A name for people. */
        public String title() {
            return label.orElse(metric);
        }

        public boolean primary() {
            return role == Role.PRIMARY;
        }

        Outcome secondary() {
            return new Outcome(metric, label, direction, Role.SECONDARY, over, detectableEffect);
        }
    }

    /** {@code direction} of an outcome. */
    public enum Direction {
        HIGHER,
        LOWER
    }

    /** {@code role} of an outcome. */
    public enum Role {
        PRIMARY,
        SECONDARY
    }

    /** {@code over} of an outcome. */
    public enum Over {
        LAST,
        MEAN
    }

    /** {@code comparison.judge}. */
    public record Judge(
            @Doc(
                            "Hugging Face sequence-classification directory with `score.weight`, or `org/name[@revision]` on the Hub.")
                    String model,
            @JsonUnwrapped ChatTemplateConfig template,
            @Doc("Completions per held-out prompt; `eval.num_generations` by default.") OptionalInt numGenerations) {

        public Judge {
            template = template == null ? ChatTemplateConfig.defaults() : template;
            numGenerations = numGenerations == null ? OptionalInt.empty() : numGenerations;
        }
    }

    /** Section {@code base}. */
    public record Base(
            @Doc("A synthetic world with a known reward. In `w` SAVE must win, in `n` it must not.")
                    Optional<WorldName> world,
            @Doc("Steps of the loop in the world; none is the world's own number.") OptionalInt steps,
            @Doc("Optimiser steps that make a language model of the untrained policy; none is the worlds' own number.")
                    OptionalInt pretrainingSteps,
            @Doc("Size and family of the world's models.") Shape model,
            @Doc("Labelled pairs of the world's initial reward model; none is the world's own number.")
                    OptionalInt pairs,
            @Doc("Chance that a label of these pairs is turned round; none is the world's own.") OptionalDouble flipped,
            @Doc("`false` takes the strongest cue of who wrote a text, its opener, away from the world.") boolean cues,
            @Doc(
                            "`true` makes prompts of very unequal difficulty: half of the topics are answered well by the initial policy, the other half badly.")
                    boolean uneven,
            @Doc("A file of `flipside train`; `run.seed` is set to the seed.") Optional<String> train,
            @Doc(
                            "A file of `flipside train-rm`, run once per seed. Its model is the initial reward model of all arms of that seed.")
                    Optional<String> rewardTraining,
            @Doc(
                            "A task whose data are made for each seed, with pairs of the completions of `policy.model`. They take the place of the files that `train` and `reward_training` name.")
                    Optional<TaskConfig> make,
            @Doc("Changes to the `train` configuration that all arms share: a list of `section.key=value`, or a map.")
                    Overrides overrides,
            @Doc("Changes to the `reward_training` configuration, in the same form.") Overrides rewardOverrides,
            @Doc("Where a world's models run: `cpu` or `cuda:N`. With `base.train` its `run.device` counts.")
                    String device) {}

    /** {@code base.world}. */
    public enum WorldName {
        W,
        N
    }

    /** {@code base.model}. */
    public enum Shape {
        STANDARD,
        WIDE,
        QWEN3,
        DEEP
    }

    /** An entry of section {@code arms}. */
    public record Arm(
            @Doc("What the arm is, in a few words.") Optional<String> description,
            @Doc(
                            "The built-in arm of a world that this one starts from. An arm of a built-in name without overrides is that one; [method.md](method.md#controls) lists them.")
                    Optional<String> like,
            @Doc(
                            "What is different from the base: a list of `section.key=value`, or a map of `section.key: value`. `{}` is the base as it is.")
                    Optional<Overrides> overrides) {
        public Arm {
            description = description == null ? Optional.empty() : description;
            like = like == null ? Optional.empty() : like;
            overrides = overrides == null ? Optional.empty() : overrides;
        }
    }

    public static ComparisonConfig defaults() {
        return new ComparisonConfig(
                new Comparison(
                        "runs/comparison",
                        List.of(),
                        0,
                        "",
                        List.of(),
                        "",
                        List.of(),
                        OptionalDouble.empty(),
                        0.05,
                        Correction.HOLM,
                        Test.SIGN_FLIP,
                        Optional.empty()),
                new Base(
                        Optional.empty(),
                        OptionalInt.empty(),
                        OptionalInt.empty(),
                        Shape.STANDARD,
                        OptionalInt.empty(),
                        OptionalDouble.empty(),
                        true,
                        false,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Overrides.NONE,
                        Overrides.NONE,
                        "cpu"),
                Map.of());
    }

    /** The same with another baseline, against which nothing is judged: every outcome is secondary. */
    public ComparisonConfig against(String arm) {
        Comparison c = comparison;
        return new ComparisonConfig(
                new Comparison(
                        c.outputDir(),
                        c.seeds(),
                        c.workers(),
                        arm,
                        c.outcomes().stream().map(Outcome::secondary).toList(),
                        c.criterion(),
                        List.of(),
                        c.detectableEffect(),
                        c.alpha(),
                        c.correction(),
                        c.test(),
                        c.judge()),
                base,
                arms);
    }

    /** The smallest difference of an outcome that would matter. */
    public double detectableEffect(Outcome outcome) {
        return outcome.detectableEffect()
                .orElseGet(() -> comparison.detectableEffect().orElseThrow());
    }

    /** The level at which the criterion's tests must hold at first: Holm's first step, over all of them. */
    public double criterionLevel() {
        long tests = comparison.outcomes().stream().filter(Outcome::primary).count()
                * arms.keySet().stream().filter(this::criterionSpeaksOf).count();
        return comparison.correction() == Correction.HOLM ? comparison.alpha() / tests : comparison.alpha();
    }

    /** Whether the criterion speaks of an arm. */
    public boolean criterionSpeaksOf(String arm) {
        return !arm.equals(comparison.baseline())
                && (comparison.criterionArms().isEmpty()
                        || comparison.criterionArms().contains(arm));
    }
}

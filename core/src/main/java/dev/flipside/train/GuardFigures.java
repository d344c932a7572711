package dev.flipside.train;

import dev.flipside.algo.GradientProducts;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What the guard of an update found, over its optimiser steps.
 *
 * @param loss of the labelled pairs, unweighted mean
 * @param cosine between the update's own gradient and theirs, mean; empty where they were not needed apart
 * @param conflictShare of the steps in which the two disagreed, likewise
 */
record GuardFigures(double loss, OptionalDouble cosine, OptionalDouble conflictShare) {
    /** Of the steps' findings; empty without a guard. */
    static Optional<GuardFigures> of(List<GradientGuard.Held> steps) {
        List<GradientProducts> products =
                steps.stream().flatMap(held -> held.products().stream()).toList();
        OptionalDouble loss =
                steps.stream().mapToDouble(GradientGuard.Held::loss).average();
        return loss.stream()
                .mapToObj(mean -> new GuardFigures(
                        mean,
                        products.stream()
                                .flatMapToDouble(p -> p.cosine().stream())
                                .average(),
                        products.stream().mapToDouble(p -> p.conflict() ? 1 : 0).average()))
                .findFirst();
    }
}

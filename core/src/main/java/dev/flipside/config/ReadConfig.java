package dev.flipside.config;

import java.util.Set;

/**
 * A configuration as read.
 *
 * @param <C> {@link TrainConfig}, {@link RewardTrainingConfig} or {@link ComparisonConfig}
 * @param config the records
 * @param given the keys ({@code section.key}) that the file or the command line named
 */
public record ReadConfig<C>(C config, Set<String> given) {}

package dev.flipside.cli.rewardmodel;

/** What scoring took: rendering and the model, without reading files and loading the model. */
record ScoringTime(double seconds, double answersPerSecond) {}

package dev.flipside.cli.report;

import dev.flipside.eval.alarm.Measured;
import java.nio.file.Path;
import java.util.List;

/** One run: which seed, where, and its metrics; no lines where it has not begun. */
record ArmRun(long seed, Path folder, List<Measured> history) {}

package dev.flipside.cli.dashboard;

import java.nio.file.Path;

/**
 * A run that is looked at.
 *
 * @param id its folder as seen from the folder that is shown; {@code .} for that itself
 * @param name for people
 * @param colour of its curves; 0 is grey, a comparison's baseline
 * @param comparison the id of the comparison that it belongs to; empty for none
 */
record RunPlace(String id, String name, Path folder, int colour, String comparison) {}

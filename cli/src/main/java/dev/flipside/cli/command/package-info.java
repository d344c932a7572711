/**
 * What a command is made of. Nothing here knows a command, or the root of them.
 *
 * <ul>
 *   <li>{@code FlipsideCommand}: what a command extends; {@code CommandGroup}: what holds commands and does nothing
 *       else.
 *   <li>{@code CommandRoot}: what a command knows of the root.
 *   <li>{@code CommonOptions}, {@code ConfigArguments}, {@code SamplingFlags}, {@code TemplateFlags}: options that
 *       several commands have.
 *   <li>{@code NativeLibraries}, {@code ModelRenderers}: what a command with a model begins with.
 * </ul>
 */
package dev.flipside.cli.command;

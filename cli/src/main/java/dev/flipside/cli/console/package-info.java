/**
 * What every command shares. Nothing here knows a command, or the root of them.
 *
 * <ul>
 *   <li>{@code FlipsideCommand}: what a command extends; {@code CommandGroup}: what holds commands and does nothing else.
 *   <li>{@code CommandRoot}: what a command knows of the root; {@code Streams}: where a run reads and writes.
 *   <li>{@code Console}, {@code Table}, {@code Progress} (a bar on a terminal, lines elsewhere), {@code TransferProgress}: what a person sees.
 *   <li>{@code ResultStream} throws an {@code OutputException} where results cannot be written; {@code Text}: writers in UTF-8.
 *   <li>{@code FileOptions}, {@code JsonLines}, {@code InputRow}, {@code RowResults}: rows in, rows out.
 *   <li>{@code CommonOptions}, {@code ConfigArguments}, {@code SamplingFlags}, {@code TemplateFlags}: options that several commands have.
 * </ul>
 */
package dev.flipside.cli.console;

/**
 * What a person sees, and where results go.
 *
 * <ul>
 *   <li>{@code Streams}: where a run reads and writes; {@code Text}: writers in UTF-8.
 *   <li>{@code Console}: results on standard output, messages on standard error; {@code Table}: aligned columns;
 *       {@code Numbers}: what is in them.
 *   <li>{@code Progress}: a bar on a terminal, lines elsewhere; {@code TransferProgress}: of downloads and uploads.
 *   <li>{@code ResultStream} throws an {@code OutputException} where results cannot be written.
 * </ul>
 */
package dev.flipside.cli.console;

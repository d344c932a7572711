/**
 * Commands that run a model over rows of JSON Lines.
 *
 * <ul>
 *   <li>{@code RowCommand}: the flow of them all; {@code RowWork}: what each computes of some rows.
 *   <li>{@code FileOptions}: where rows come from and results go; {@code JsonLines} reads rows, an {@code InputRow}
 *       each, whose errors have its place.
 *   <li>{@code ModelRow}: a row as the model reads it.
 *   <li>{@code RowResults}: results in the order of the rows, with progress, and as one object with {@code --json}.
 * </ul>
 */
package dev.flipside.cli.rows;

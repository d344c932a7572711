/**
 * Commands that run a model over rows of JSON Lines.
 *
 * <ul>
 *   <li>{@code RowCommand}: the flow of them all, in this process or on a cluster.
 *   <li>{@code RowTask}: which model, what it reads of a row, what is made of some; {@code RowModel}: the model loaded
 *       for it; {@code RowWork}: what it computes of some rows; {@code RowRemark}: what a user should know of them.
 *   <li>{@code FileOptions}: where rows come from and results go; {@code JsonLines} reads rows, an {@code InputRow}
 *       each, whose errors have its place.
 *   <li>{@code ModelRow}: a row as the model reads it.
 *   <li>{@code RowResults}: results in the order of the rows, with progress, and as one object with {@code --json}.
 * </ul>
 */
package dev.flipside.cli.rows;

/**
 * The files users have, read into preferences and prompts.
 *
 * <p>{@link dev.flipside.data.Rows} reads any accepted format, or a folder of shards, into
 * {@link dev.flipside.data.Row}s that know where they stand ({@code JsonRows} for JSON, {@code TableRows} with
 * {@code ColumnNames} for CSV and Parquet). Shapes are recognised in three places only: {@code PromptShape} lists the
 * columns a prompt can come from ({@code SystemPrompt} a system prompt beside it), {@code PairColumns} those of two
 * replies, {@code PairShape} what these may hold ({@code Turns} reads lists of messages,
 * {@link dev.flipside.data.JsonText} those that stand in a text, {@code Transcript} HH-style dialogues;
 * {@link dev.flipside.data.PlainText} writes numbers). {@link dev.flipside.data.PreferenceData} and
 * {@link dev.flipside.data.PromptData} are what training asks for, {@link dev.flipside.data.Example} what one row
 * holds. docs/data.md shows every shape.
 */
package dev.flipside.data;

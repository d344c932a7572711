package dev.flipside.cli.rows;

/**
 * Something that a user should know of rows.
 *
 * @param rows of how many it is said; 0 where it is said of the input or the model as a whole
 * @param text what follows the number of rows, or the whole sentence
 */
public record RowRemark(long rows, String text) {
    /** As it is shown. */
    public String sentence() {
        return rows == 0 ? text : rows + " row(s) " + text;
    }
}

package dev.flipside.text.jinja;

/**
 * A piece of a template.
 *
 * @param text the name, the operator, the text between tags, a string without quotes and escapes, the digits of a
 *     number
 * @param line where it begins, from 1
 */
record Token(Type type, String text, int line) {
    enum Type {
        DATA,
        OUTPUT_BEGIN,
        OUTPUT_END,
        BLOCK_BEGIN,
        BLOCK_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean is(Type wanted, String wantedText) {
        return type == wanted && text.equals(wantedText);
    }

    boolean isName(String name) {
        return is(Type.NAME, name);
    }

    boolean isOperator(String operator) {
        return is(Type.OPERATOR, operator);
    }

    /** This token as an error names it. */
    String shown() {
        return switch (type) {
            case END -> "the end of the template";
            case OUTPUT_END -> "'}}'";
            case BLOCK_END -> "'%}'";
            case OUTPUT_BEGIN -> "'{{'";
            case BLOCK_BEGIN -> "'{%'";
            case DATA -> "text";
            default -> "'" + text + "'";
        };
    }
}

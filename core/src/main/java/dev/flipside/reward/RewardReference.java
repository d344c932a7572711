package dev.flipside.reward;

/** The part of docs/rewards.md that lists the built-in functions, made from what they say of themselves. */
public final class RewardReference {
    private static final String HEADER = "| option | type | default | meaning |\n|---|---|---|---|\n";

    private RewardReference() {}

    /** A heading, a sentence and a table of options for each. */
    public static String markdown() {
        StringBuilder page = new StringBuilder();
        for (RewardFunction function : RewardFunctions.builtIn()) {
            page.append("### ").append(function.name()).append("\n\n");
            page.append(function.summary()).append("\n\n").append(HEADER);
            for (RewardOption<?> option : function.options()) {
                page.append("| `").append(option.name()).append("` | ");
                page.append(option.type().name()).append(" | ");
                page.append(shownDefault(option)).append(" | ");
                page.append(option.meaning().replace("|", "\\|")).append(" |\n");
            }
            page.append('\n');
        }
        return page.toString();
    }

    private static String shownDefault(RewardOption<?> option) {
        return option.standard().isPresent() ? "`" + option.shownDefault() + "`" : option.shownDefault();
    }
}

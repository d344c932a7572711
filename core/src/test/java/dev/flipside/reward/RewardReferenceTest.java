package dev.flipside.reward;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * docs/rewards.md lists the functions as they are; it is brought up to date by {@code mvn -pl core test
 * -Dtest=RewardReferenceTest -Dflipside.updateDocs}.
 */
class RewardReferenceTest {
    /** Surefire runs in the module's folder. */
    private static final Path PAGE = Path.of("../docs/rewards.md");

    private static final String BEGIN = "<!-- functions -->\n";
    private static final String END = "<!-- end of functions -->";

    @Test
    void thePageListsWhatTheFunctionsSayOfThemselves() throws IOException {
        String page = Files.readString(PAGE);
        int from = page.indexOf(BEGIN) + BEGIN.length();
        int to = page.indexOf(END);
        if (System.getProperty("flipside.updateDocs") != null) {
            Files.writeString(PAGE, page.substring(0, from) + RewardReference.markdown() + page.substring(to));
            page = Files.readString(PAGE);
            to = page.indexOf(END);
        }

        assertThat(page.substring(from, to))
                .as("run: mvn -pl core test -Dtest=RewardReferenceTest -Dflipside.updateDocs")
                .isEqualTo(RewardReference.markdown());
    }

    @Test
    void everyBuiltInFunctionHasASentenceAndARowForEachOption() {
        String list = RewardReference.markdown();
        assertThat(RewardFunctions.builtIn()).hasSizeGreaterThanOrEqualTo(9).allSatisfy(function -> {
            assertThat(function.summary()).as(function.name()).endsWith(".");
            assertThat(list).contains("### " + function.name() + "\n\n" + function.summary());
            function.options().forEach(option -> assertThat(list).contains("| `" + option.name() + "` | "));
        });
    }
}

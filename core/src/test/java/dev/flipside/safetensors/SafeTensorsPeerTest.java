package dev.flipside.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.TestResources;
import dev.flipside.config.UserError;
import dev.flipside.model.GoldenFixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Headers, right and wrong, against the verdicts of the safetensors library ({@code safetensors/make_cases.py}): the
 * inputs of its own tests and one file for each rule.
 */
class SafeTensorsPeerTest {
    /** A name given twice, where the library takes the last: two readers could see two models. */
    private static final Set<String> REFUSED_HERE_ALONE = Set.of("duplicate name, equal", "duplicate name, other");

    @TempDir
    Path temp;

    @Test
    void verdictsAreThoseOfTheLibrary() throws IOException {
        JsonNode cases = TestResources.json("safetensors/cases.json").get("cases");
        List<String> differences = new ArrayList<>();
        for (JsonNode one : cases) {
            String name = one.get("name").asText();
            Path file = Files.write(
                    temp.resolve("case.safetensors"), one.get("bytes").binaryValue());
            Optional<List<String>> found = tensors(file);
            Optional<List<String>> wanted = one.get("accepted").booleanValue()
                    ? Optional.of(GoldenFixtures.JSON.convertValue(
                            one.get("tensors"),
                            GoldenFixtures.JSON.getTypeFactory().constructCollectionType(List.class, String.class)))
                    : Optional.empty();
            if (!found.equals(wanted)) {
                differences.add(name);
            }
        }
        assertThat(cases.size()).isGreaterThan(130);
        assertThat(differences).containsExactlyInAnyOrderElementsOf(REFUSED_HERE_ALONE);
    }

    /** The sorted names, or nothing when the file is refused by one sentence that names it. */
    private static Optional<List<String>> tensors(Path file) {
        try {
            return Optional.of(
                    SafeTensors.header(file).keySet().stream().sorted().toList());
        } catch (UserError e) {
            assertThat(e).hasMessageStartingWith(file + ": is not a whole safetensors file: ");
            assertThat(e.getMessage()).doesNotContain("\n");
            return Optional.empty();
        }
    }
}

package com.example.flipside;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HoldOutTest {
    @TempDir
    Path folder;

    @Test
    void aShareOfTheTrainingLabelsIsTurnedRoundAndNoHeldOutOne() throws IOException {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            rows.add("{\"prompt\": \"p%d\", \"chosen\": \"good\", \"rejected\": \"bad\"}".formatted(i));
        }
        Path file = Files.write(folder.resolve("pairs.jsonl"), rows);

        HoldOut.main(new String[] {file.toString(), "10", folder.toString(), "0.3"});

        assertThat(chosen("train.jsonl")).hasSize(10).containsOnly("good");
        assertThat(chosen("held-out.jsonl")).hasSize(10).containsOnly("good");
        assertThat(chosen("train-flipped.jsonl"))
                .hasSize(10)
                .filteredOn("bad"::equals)
                .hasSize(3);
    }

    private List<String> chosen(String name) throws IOException {
        List<String> chosen = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(name))) {
            JsonNode row = new ObjectMapper().readTree(line);
            chosen.add(row.get("chosen").asText());
        }
        return chosen;
    }
}

package com.example.flipside;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes files with one JSON object per line. */
final class JsonLines {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private JsonLines() {}

    static Path write(Path file, List<?> rows) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Object row : rows) {
            lines.add(JSON.writeValueAsString(row));
        }
        Files.createDirectories(file.toAbsolutePath().getParent());
        return Files.write(file, lines);
    }
}

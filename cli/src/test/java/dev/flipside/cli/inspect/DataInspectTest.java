package dev.flipside.cli.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.cli.CommandRun;
import dev.flipside.cli.StoryRun;
import dev.flipside.cli.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataInspectTest {
    @TempDir
    Path folder;

    private String write(String name, String... lines) throws IOException {
        return Files.writeString(folder.resolve(name), String.join("\n", lines).replace('`', '"'))
                .toString();
    }

    @Test
    void aFileIsShownAsTables() throws IOException {
        String file = write(
                "pairs.jsonl",
                "{`prompt`: `Which colour?`, `chosen`: `Blue, I think`, `rejected`: `Green`}",
                "{`prompt`: `Which colour?`, `chosen`: `Green`, `rejected`: `Blue, I think`}");
        String benchmark = write("bench.jsonl", "{`prompt`: `which colour`}");
        CommandRun run = CommandRun.of("data", "inspect", file, "--benchmark", benchmark, "--show", "1")
                .succeeded();
        assertThat(run.out().replaceAll(" +", " "))
                .contains("pairs.jsonl: 2 rows")
                .contains("prompt (text), chosen (text), rejected (text) 2")
                .contains("chosen, characters 2 5 5 13 13")
                .contains("contradicting pairs 1 (an earlier row has them in the other order)")
                .contains("longer reply chosen 50.0 % of 2 usable pairs whose replies differ in length")
                .contains("bench.jsonl 1 2 1 0 0")
                .contains("line 1 and prompt 1 of bench.jsonl are the same")
                .contains(" chosen: Blue, I think");
    }

    @Test
    void jsonIsOneObjectAndARefusedRowIsExitCodeTwo() throws IOException {
        String file = write("rows.jsonl", "{`prompt`: `p`, `chosen`: `a`, `rejected`: `b`}", "{`chosen`: `a`}");
        CommandRun run = CommandRun.of("data", "inspect", file, "--json");
        assertThat(run.exitCode()).isEqualTo(2);
        JsonNode object = run.json();
        assertThat(object.path("rows").asInt()).isEqualTo(2);
        assertThat(object.path("pairs").path("usable").asInt()).isEqualTo(1);
        assertThat(object.path("pairs").path("longer_chosen_frac").asDouble()).isZero();
        assertThat(object.path("refusals").get(0).asText())
                .isEqualTo(file + ", line 2 has no column 'rejected'; it has [chosen].");
    }

    @Test
    void pairsOfTheSameTokensAreCountedRenderedAndCut() throws IOException {
        String model = TinyModel.wholeText(folder.resolve("model")).toString();
        Files.writeString(
                folder.resolve("model/chat_template.jinja"),
                "{% for m in messages %}{{ m.content | trim }}\n{% endfor %}");
        String file = write(
                "pairs.jsonl",
                "{`prompt`: `1`, `chosen`: `2345`, `rejected`: `2345 `}",
                "{`prompt`: `1`, `chosen`: `2345`, `rejected`: `2346`}",
                "{`prompt`: `1`, `chosen`: `2345`, `rejected`: `3`}");
        CommandRun run = CommandRun.of("data", "inspect", file, "--model", model, "--max-length", "4")
                .succeeded();
        assertThat(run.out().replaceAll(" +", " "))
                .contains("pairs of the same tokens 1 dropped; 2 where replies are cut at 4");
        CommandRun json = CommandRun.of("data", "inspect", file, "--model", model, "--max-length", "4", "--json");
        JsonNode tokens = json.json().path("tokens");
        assertThat(tokens.path("alike").asInt()).isEqualTo(1);
        assertThat(tokens.path("alike_cut").asInt()).isEqualTo(2);
        assertThat(tokens.path("prefix_merged").asInt()).isZero();
    }

    @Test
    void aModelsTokenizerCountsTokens() throws IOException {
        String file = write("prompts.jsonl", "{`prompt`: `Once upon a time`}", "{`prompt`: `Once`}");
        CommandRun run = CommandRun.of(
                        "data", "inspect", file, "--model", StoryRun.model().toString(), "--max-length", "3", "--json")
                .succeeded();
        JsonNode tokens = run.json().path("tokens");
        assertThat(tokens.path("prompts").path("max").asInt()).isEqualTo(5); // <s> Once upon a time
        assertThat(tokens.path("too_long").asInt()).isEqualTo(1);
    }

    @Test
    void mistakesAreNamed() throws IOException {
        String file = write("p.jsonl", "{`prompt`: `p`}");
        assertThat(CommandRun.of("data", "inspect", file, "--max-length", "3"))
                .satisfies(run -> assertThat(run.exitCode()).isEqualTo(2))
                .satisfies(run -> assertThat(run.err()).contains("--max-length counts tokens"));
        assertThat(CommandRun.of("data", "inspect", "nowhere.jsonl").err()).contains("nowhere.jsonl is missing");
        assertThat(CommandRun.of("data"))
                .satisfies(run -> assertThat(run.exitCode()).isEqualTo(2));
    }
}

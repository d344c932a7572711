package dev.flipside.cli.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.flipside.cli.CommandRun;
import dev.flipside.reward.RewardFunctions;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

class RewardsTest {
    @Test
    void everyFunctionIsListedWithItsOptions() {
        String out = CommandRun.of("rewards").succeeded().out();

        assertThat(out).startsWith("function ").contains("\nworld_gold ", "also takes weight (default 1) and label");
        RewardFunctions.known().forEach(function -> {
            assertThat(out).contains("\n" + function.name() + " ");
            function.options().forEach(option -> assertThat(out)
                    .containsPattern(
                            "\n  " + option.name() + " +" + option.type().name() + " +"));
        });
        assertThat(out)
                .containsPattern("\n  timeout +number +60 +Seconds to wait")
                .doesNotContain("`");
    }

    @Test
    void programsGetTheSame() {
        JsonNode functions =
                CommandRun.of("rewards", "--json").succeeded().json().get("functions");

        assertThat(functions).hasSize(RewardFunctions.known().size());
        JsonNode http = StreamSupport.stream(functions.spliterator(), false)
                .filter(function -> function.get("name").asText().equals("http"))
                .findFirst()
                .orElseThrow();
        assertThat(http.at("/options/0").toString())
                .startsWith("{\"name\":\"url\",\"type\":\"text\",\"required\":true,\"meaning\":");
        assertThat(http.at("/options/2/default").asInt()).isEqualTo(64);
        assertThat(http.get("summary").asText()).startsWith("Asks a server");
    }
}

package dev.flipside.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.model.family.ConfigJson;
import dev.flipside.model.family.DecoderConfig;
import dev.flipside.model.family.Family;
import dev.flipside.safetensors.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Which models take the CPU's faster ways. The table in docs/models.md is this test's, brought up to date by {@code mvn
 * -pl core test -Dtest=DecoderPlanTest -Dflipside.updateDocs}.
 */
class DecoderPlanTest {
    private static final Path PAGE = Path.of("../docs/models.md");
    private static final String BEGIN = "<!-- plans -->\n";
    private static final String END = "<!-- /plans -->\n";

    private static final String SIZES =
            "{'vocab_size':128,'hidden_size':32,'intermediate_size':40,'num_hidden_layers':4,'num_attention_heads':4,'max_position_embeddings':128,"
                    + "'n_embd':32,'n_layer':4,'n_head':4,'n_positions':128}";

    /** Settings of published models that decide; each is in the table where a family takes it and its plan changes. */
    private static final List<String> SETTINGS = List.of(
            "{'sliding_window':null}",
            "{'sliding_window':4096}",
            "{'use_sliding_window':true,'max_window_layers':0}",
            "{'rope_scaling':{'rope_type':'dynamic','factor':2}}",
            "{'rope_scaling':{'rope_type':'longrope','short_factor':[1,1,1,1],'long_factor':[2,2,2,2]}}",
            "{'partial_rotary_factor':0.75,'head_dim':16}",
            "{'residual_multiplier':0.22}");

    /** What a reader looks for of the settings: no sizes, no lists of factors. */
    private static final Map<String, String> SHOWN = Map.of(
            SETTINGS.get(2), "use_sliding_window: true",
            SETTINGS.get(3), "rope_type: dynamic",
            SETTINGS.get(4), "rope_type: longrope",
            SETTINGS.get(5), "partial_rotary_factor: 0.75");

    private record Ways(boolean blocks, boolean attention, boolean decoding) {
        static Ways of(DecoderConfig config) {
            return of(new DecoderPlan(config, Device.CPU, Precision.FLOAT32));
        }

        static Ways of(DecoderPlan plan) {
            return new Ways(plan.blocks(), plan.attention(), plan.decoding());
        }

        String cells() {
            return cell(blocks) + " | " + cell(attention) + " | " + cell(decoding);
        }

        private static String cell(boolean way) {
            return way ? "yes" : "-";
        }
    }

    private static final Ways NONE = new Ways(false, false, false);

    private static ObjectNode parse(String json) throws IOException {
        return (ObjectNode) Json.MAPPER.readTree(json.replace('\'', '"'));
    }

    private static DecoderConfig read(Family family, String... changes) throws IOException {
        ObjectNode config = parse(SIZES);
        for (String change : changes) {
            config.setAll(parse(change));
        }
        return family.read(new ConfigJson(Path.of("config.json"), config));
    }

    private static Optional<Ways> ways(Family family, String change) throws IOException {
        try {
            return Optional.of(Ways.of(read(family, change)));
        } catch (UserError notInThisFamily) {
            return Optional.empty();
        }
    }

    private static String table() throws IOException {
        StringBuilder table = new StringBuilder(
                "| `model_type` | config.json | blocks | attention | decoding |\n|---|---|---|---|---|\n");
        List<String> none = new ArrayList<>();
        for (Family family : Family.ALL) {
            Map<String, Ways> rows = rows(family);
            if (rows.values().stream().allMatch(NONE::equals)) {
                none.add("`" + family.modelType() + "`");
                continue;
            }
            rows.forEach((setting, ways) ->
                    table.append("| `%s` | %s | %s |\n".formatted(family.modelType(), setting, ways.cells())));
        }
        return table.append("| %s | any | %s |\n".formatted(String.join(", ", none), NONE.cells()))
                .toString();
    }

    /** The defaults, and what differs from them. */
    private static Map<String, Ways> rows(Family family) throws IOException {
        Map<String, Ways> rows = new LinkedHashMap<>();
        Ways defaults = Ways.of(read(family));
        rows.put("defaults", defaults);
        for (String setting : SETTINGS) {
            ways(family, setting)
                    .filter(ways -> !ways.equals(defaults))
                    .ifPresent(ways -> rows.put("`" + SHOWN.getOrDefault(setting, plain(setting)) + "`", ways));
        }
        return rows;
    }

    private static String plain(String setting) {
        return setting.replaceAll("[{}']", "").replace(":", ": ");
    }

    @Test
    void theTableInDocsIsUpToDate() throws IOException {
        String page = Files.readString(PAGE);
        String wanted =
                page.substring(0, page.indexOf(BEGIN) + BEGIN.length()) + table() + page.substring(page.indexOf(END));
        if (System.getProperty("flipside.updateDocs") != null) {
            Files.writeString(PAGE, wanted);
        }

        assertThat(PAGE)
                .as("run: mvn -pl core test -Dtest=DecoderPlanTest -Dflipside.updateDocs")
                .hasContent(wanted);
    }

    /** Plain Phi-3 differs from Llama on disk alone, so it is trained and decoded like it. */
    @ParameterizedTest
    @CsvSource({
        "llama, true, true, true",
        "llama-biases, true, true, true",
        "llama-yarn, true, true, true",
        "llama-dynamic, true, false, false",
        "qwen2-window, true, false, false",
        "qwen3, true, false, true",
        "phi3, true, true, true",
        "phi3-longrope, true, false, false",
        "smollm3, true, false, false",
        "granite, false, false, false",
        "gemma3_text, false, false, false",
        "mixtral, false, false, false",
    })
    void whatIsBuiltLikeLlamaIsPlanned(String fixture, boolean blocks, boolean attention, boolean decoding) {
        DecoderConfig config =
                ModelFiles.open(GoldenFixtures.directory(fixture)).config();

        assertThat(Ways.of(config)).isEqualTo(new Ways(blocks, attention, decoding));
    }

    @Test
    void onlyTheCpuHasFasterWaysInEveryPrecision() throws IOException {
        DecoderConfig llama = read(Family.ALL.get(0));
        Device gpu = new Device("cuda:0");

        assertThat(Ways.of(new DecoderPlan(llama, gpu, Precision.FLOAT32))).isEqualTo(NONE);
        assertThat(Ways.of(new DecoderPlan(llama, gpu, Precision.BFLOAT16))).isEqualTo(NONE);
        assertThat(Ways.of(new DecoderPlan(llama, Device.CPU, Precision.BFLOAT16)))
                .isEqualTo(Ways.of(new DecoderPlan(llama, Device.CPU, Precision.FLOAT32)))
                .isEqualTo(new Ways(true, true, true));
        assertThat(new DecoderPlan(llama, Device.CPU, Precision.BFLOAT16).precision())
                .isEqualTo(Precision.BFLOAT16_WEIGHTS);
        assertThat(new DecoderPlan(llama, gpu, Precision.BFLOAT16_WEIGHTS).precision())
                .isEqualTo(Precision.BFLOAT16);
    }

    @Test
    void theScaleOfScoresAndOtherActivationsAreNotPlanned() throws IOException {
        assertThat(ways(Family.ALL.get(0), "{'hidden_act':'gelu'}")).contains(NONE);
        DecoderConfig scaled = DecoderConfig.builder("llama", 2, 4, 2, 8)
                .widths(37, 24, 40, 64)
                .scales(1, 1, 0.5, OptionalDouble.empty())
                .build();
        assertThat(Ways.of(scaled)).isEqualTo(new Ways(true, true, false));
    }
}

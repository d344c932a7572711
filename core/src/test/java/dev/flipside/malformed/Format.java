package dev.flipside.malformed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.flipside.TestResources;
import dev.flipside.config.ConfigReader;
import dev.flipside.data.Margin;
import dev.flipside.data.PreferenceData;
import dev.flipside.data.PromptData;
import dev.flipside.engine.Device;
import dev.flipside.gguf.GgufImport;
import dev.flipside.model.CausalLm;
import dev.flipside.model.GoldenFixtures;
import dev.flipside.model.RewardModel;
import dev.flipside.model.TokenRow;
import dev.flipside.safetensors.WeightType;
import dev.flipside.text.ChatTemplate;
import dev.flipside.text.Conversation;
import dev.flipside.text.Message;
import dev.flipside.text.SpecialTokens;
import dev.flipside.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/**
 * What is damaged and how it is read: a folder of whole files, the one of them that changes, and a reader whose answer
 * tells two results apart.
 */
enum Format {
    SAFETENSORS(14, "model.safetensors", Mutation::bytes, "goldens/llama") {
        @Override
        String read(Path folder) {
            return language(folder);
        }
    },
    SAFETENSORS_SHARDS(3, "model.safetensors.index.json", Mutation::json, "goldens/llama-sharded") {
        @Override
        String read(Path folder) {
            return language(folder);
        }
    },
    CONFIG(12, "config.json", Mutation::json, "goldens/llama-llama3-rope") {
        @Override
        String read(Path folder) {
            return language(folder);
        }
    },
    CONFIG_EXPERTS(6, "config.json", Mutation::json, "goldens/qwen3_moe") {
        @Override
        String read(Path folder) {
            return language(folder);
        }
    },
    CONFIG_REWARD(6, "config.json", Mutation::json, "goldens/qwen2-reward") {
        @Override
        String read(Path folder) {
            try (RewardModel model = RewardModel.load(folder, Device.CPU)) {
                return model.files().config().toString();
            }
        }
    },
    GENERATION_CONFIG(3, "generation_config.json", Mutation::json, "goldens/llama") {
        @Override
        String read(Path folder) {
            return language(folder);
        }
    },
    TOKENIZER_BYTES(6, "tokenizer.json", Mutation::json, "text/tokenizers/byte-level") {
        @Override
        String read(Path folder) {
            return tokens(folder);
        }
    },
    TOKENIZER_LLAMA(6, "tokenizer.json", Mutation::json, "text/tokenizers/llama-bpe") {
        @Override
        String read(Path folder) {
            return tokens(folder);
        }
    },
    TOKENIZER_UNIGRAM(6, "tokenizer.json", Mutation::json, "text/tokenizers/unigram") {
        @Override
        String read(Path folder) {
            return tokens(folder);
        }
    },
    TOKENIZER_CONFIG(5, "tokenizer_config.json", Mutation::json, "text/tokenizers/config-adds") {
        @Override
        String read(Path folder) {
            return tokens(folder);
        }
    },
    CHAT_TEMPLATE(8, "chat_template.jinja", Mutation::text, "text/chat_templates") {
        @Override
        void prepare(Path folder, int variant) throws IOException {
            List<Path> templates;
            try (Stream<Path> files = Files.list(TestResources.path("text/chat_templates"))) {
                templates = files.filter(file -> file.toString().endsWith(".jinja"))
                        .sorted()
                        .toList();
            }
            Files.copy(templates.get(variant % templates.size()), folder.resolve("chat_template.jinja"));
        }

        @Override
        String read(Path folder) {
            SpecialTokens tokens = new SpecialTokens(
                    Optional.of("<s>"), Optional.of("</s>"), Optional.of("<pad>"), Optional.of("<unk>"));
            ChatTemplate template = ChatTemplate.load(folder, tokens, Clock.fixed(Instant.EPOCH, ZoneOffset.UTC))
                    .orElseThrow();
            Conversation talk = new Conversation(List.of(
                    new Message("user", "Hi {{ x }}"), new Message("assistant", "Yes."), new Message("user", "é\n")));
            return template.render(talk, true);
        }
    },
    GGUF(10, "model.gguf", Mutation::bytes, "gguf") {
        @Override
        void prepare(Path folder, int variant) throws IOException {
            List<String> names = List.of("llama", "qwen2", "gemma3", "gpt2", "mixtral", "phi3");
            Files.copy(
                    TestResources.path("gguf/" + names.get(variant % names.size()) + ".gguf"),
                    folder.resolve("model.gguf"));
        }

        @Override
        String read(Path folder) {
            GgufImport gguf = GgufImport.open(folder.resolve("model.gguf"));
            Path out = folder.resolve("imported");
            gguf.write(out, WeightType.F32, bytes -> {});
            return gguf.types() + tokens(out) + language(out);
        }
    },
    ADAPTER_CONFIG(5, "adapter_config.json", Mutation::json, "adapters/lora-qv") {
        @Override
        void prepare(Path folder, int variant) throws IOException {
            super.prepare(folder, variant);
            withBase(folder);
        }

        @Override
        String read(Path folder) {
            return language(folder);
        }
    },
    ADAPTER_WEIGHTS(4, "adapter_model.safetensors", Mutation::bytes, "adapters/lora-qv") {
        @Override
        void prepare(Path folder, int variant) throws IOException {
            super.prepare(folder, variant);
            withBase(folder);
        }

        @Override
        String read(Path folder) {
            return language(folder);
        }
    },
    JSON_LINES(8, "rows.jsonl", Mutation::text, "data") {
        @Override
        void prepare(Path folder, int variant) throws IOException {
            StringBuilder rows = new StringBuilder();
            for (JsonNode shape : new ObjectMapper()
                    .readTree(TestResources.path("data/shapes.json").toFile())) {
                if (shape.path("chosen").isTextual() && rows.length() < 4_000) {
                    rows.append(shape.path("row")).append('\n');
                    rows.append(variant % 2 == 0 ? "" : "\r\n");
                }
            }
            Files.writeString(folder.resolve("rows.jsonl"), rows);
        }

        @Override
        String read(Path folder) {
            return rows(folder.resolve("rows.jsonl"));
        }
    },
    CSV(4, "rows.csv", Mutation::text, "data") {
        @Override
        void prepare(Path folder, int variant) throws IOException {
            Files.writeString(
                    folder.resolve("rows.csv"),
                    "prompt,chosen,rejected,margin\n\"a, \"\"b\"\"\",yes,no,1.5\nc,\"d\ne\",f,2\ng,h,i,\n");
        }

        @Override
        String read(Path folder) {
            return rows(folder.resolve("rows.csv"));
        }
    },
    PARQUET(4, "rows.parquet", Mutation::bytes, "data") {
        @Override
        void prepare(Path folder, int variant) throws IOException {
            Path whole = folder.resolveSibling("whole.parquet");
            if (!Files.exists(whole)) {
                make(whole);
            }
            Files.copy(whole, folder.resolve("rows.parquet"));
        }

        private static void make(Path file) throws IOException {
            try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                    Statement statement = connection.createStatement()) {
                statement.execute(
                        "COPY (SELECT 'p' || i AS prompt, 'yes' || i AS chosen, 'no' AS rejected, [1, i] AS extra FROM range(50) t(i)) TO '"
                                + file + "' (FORMAT parquet)");
            } catch (SQLException e) {
                throw new IOException(e);
            }
        }

        @Override
        String read(Path folder) {
            return rows(folder.resolve("rows.parquet"));
        }
    },
    YAML(6, "run.yaml", Mutation::text, "data") {
        @Override
        void prepare(Path folder, int variant) throws IOException {
            Files.writeString(
                    folder.resolve("run.yaml"),
                    """
                    run: {output_dir: runs/x, max_steps: 20, seed: 3}
                    policy:
                      model: models/a
                      learning_rate: 1.0e-4
                      lora: {r: 8, target_modules: [q_proj, v_proj]}
                    reward_model:
                      model: runs/rm
                      functions: [{name: length, weight: 0.5}]
                    data: {prompts: p.jsonl}
                    rollout:
                      num_generations: 8
                      stop: [".", "\\n"]
                    algorithm: {name: grpo}
                    save: {preset: faithful}
                    """);
        }

        @Override
        String read(Path folder) {
            return ConfigReader.write(ConfigReader.train(folder.resolve("run.yaml"), List.of()));
        }
    };

    private final int share;
    private final String damaged;
    private final BiFunction<Mutation, byte[], byte[]> damage;
    private final String corpus;

    Format(int share, String damaged, BiFunction<Mutation, byte[], byte[]> damage, String corpus) {
        this.share = share;
        this.damaged = damaged;
        this.damage = damage;
        this.corpus = corpus;
    }

    /** @throws RuntimeException a UserError, where the files are not taken */
    abstract String read(Path folder);

    /** Writes the whole files. */
    void prepare(Path folder, int variant) throws IOException {
        GoldenFixtures.copy(TestResources.path(corpus), folder);
    }

    /** Whole files differ from variant to variant where there are several. */
    int variants() {
        return this == CHAT_TEMPLATE ? 60 : this == GGUF ? 6 : this == JSON_LINES ? 2 : 1;
    }

    /** Parts of the whole run. */
    int share() {
        return share;
    }

    String damaged() {
        return damaged;
    }

    byte[] damage(Mutation mutation, byte[] whole) {
        return damage.apply(mutation, whole);
    }

    private static void withBase(Path folder) throws IOException {
        Path base = Files.createDirectory(folder.resolve("base"));
        GoldenFixtures.copy(TestResources.path("goldens/llama"), base);
        Path config = folder.resolve("adapter_config.json");
        Files.writeString(config, Files.readString(config).replace("../../goldens/llama", "base"));
    }

    private static String language(Path folder) {
        try (CausalLm lm = CausalLm.load(folder, Device.CPU)) {
            TokenRow row = new TokenRow(new int[] {1, 2, 3, 4, 5, 6}, 2);
            return Arrays.deepToString(lm.logprobs(List.of(row), 1).logprobs())
                    + lm.files().eosIds();
        }
    }

    private static String tokens(Path folder) {
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            StringBuilder seen = new StringBuilder();
            for (String text : List.of(
                    "", " ", "Hello  wörld\n\n12345 <s></s>\t", "日本é\u0301😀", "a".repeat(300), "  <extra> x")) {
                int[] ids = tokenizer.encode(text, true);
                seen.append(Arrays.toString(ids)).append(tokenizer.decode(ids, true));
                seen.append(tokenizer.decode(ids, false));
            }
            seen.append(tokenizer.decode(new int[] {0, 5, 9, 3, 7}, false)).append(tokenizer.decode(new int[0], true));
            return seen.append(tokenizer.bosId()).append(tokenizer.eosId()).toString();
        }
    }

    private static String rows(Path file) {
        String pairs = PreferenceData.read(file, Margin.parse(Optional.empty())).toString();
        return pairs + PromptData.read(file);
    }
}

package dev.flipside.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.IoReason;
import dev.flipside.config.UserError;
import dev.flipside.model.family.ConfigJson;
import dev.flipside.model.family.DecoderConfig;
import dev.flipside.model.family.Family;
import dev.flipside.safetensors.Json;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A Hugging Face model directory without its weights: {@code config.json}, {@code generation_config.json} and the
 * tokenizer's files. Of an adapter's directory: those of its base, but for the tokenizer where the adapter has its own.
 *
 * <p>Everything that a later save has to write is held in memory, so the directory may change or vanish after opening.
 */
public final class ModelFiles {
    private static final String CONFIG = "config.json";
    private static final String GENERATION_CONFIG = "generation_config.json";

    private final Path directory;
    private final ObjectNode config;
    private final Optional<ObjectNode> generationConfig;
    private final DecoderConfig decoderConfig;
    private final Family family;
    private final Set<Integer> declaredEosIds;
    private final Set<Integer> eosIds;
    private final OptionalInt padId;
    private final OptionalInt bosId;
    private final Path tokenizerDirectory;
    private final TokenizerFiles tokenizerFiles;

    /**
     * @param directory with the configuration
     * @param adapter on top of it, where there is one
     */
    private ModelFiles(Path directory, Optional<Path> adapter) {
        this.directory = directory;
        tokenizerDirectory = adapter.filter(TokenizerFiles::in).orElse(directory);
        tokenizerFiles = TokenizerFiles.read(tokenizerDirectory);
        config = Json.read(directory.resolve(CONFIG));
        Path generationFile = directory.resolve(GENERATION_CONFIG);
        generationConfig = Files.exists(generationFile) ? Optional.of(Json.read(generationFile)) : Optional.empty();
        ConfigJson reader = reader();
        family = Family.of(directory.resolve(CONFIG), reader);
        decoderConfig = family.checked(reader);
        Set<Integer> ends = new LinkedHashSet<>(ids(reader, "eos_token_id"));
        generationConfig.ifPresent(g -> ends.addAll(ids(new ConfigJson(generationFile, g), "eos_token_id")));
        declaredEosIds = Set.copyOf(ends);
        // TRL stops at the tokenizer's end token, whatever the other two say.
        tokenizerFiles.eosId().ifPresent(ends::add);
        // What the model cannot sample ends nothing: a model left with none is told of, or refused where one is needed.
        ends.removeIf(id -> id >= decoderConfig.vocabSize());
        eosIds = Collections.unmodifiableSet(ends);
        // PEFT saves no configuration with an adapter: the tokenizer beside it is what says how its training padded.
        OptionalInt adapters = tokenizerDirectory.equals(directory) ? OptionalInt.empty() : tokenizerFiles.padId();
        padId = adapters.isPresent() ? adapters : first(ids(reader, "pad_token_id"));
        bosId = first(ids(reader, "bos_token_id"));
    }

    private ModelFiles(ModelFiles other, ObjectNode config, TokenizerFiles tokenizerFiles) {
        directory = other.directory;
        this.config = config;
        generationConfig = other.generationConfig;
        family = other.family;
        decoderConfig = family.checked(reader());
        declaredEosIds = other.declaredEosIds;
        eosIds = other.eosIds;
        padId = other.padId;
        bosId = other.bosId;
        tokenizerDirectory = other.tokenizerDirectory;
        this.tokenizerFiles = tokenizerFiles;
    }

    /** The same model, to be saved with another chat template. */
    ModelFiles withChatTemplate(String jinja) {
        return new ModelFiles(this, config, tokenizerFiles.withChatTemplate(jinja));
    }

    /** The same with a vocabulary head of its own. */
    ModelFiles withUntiedHead() {
        return new ModelFiles(this, config.deepCopy().put("tie_word_embeddings", false), tokenizerFiles);
    }

    /** @throws UserError naming the file that is missing, malformed or of an unsupported model type */
    public static ModelFiles open(Path directory) {
        if (Files.isRegularFile(directory)) {
            boolean gguf = directory.toString().endsWith(".gguf");
            throw new UserError(directory + " is a file, and a model is a directory; "
                    + (gguf
                            ? "make one of it with `flipside import " + directory + " DIR`."
                            : "name the one that it lies in."));
        }
        if (!Files.isDirectory(directory)) {
            throw new UserError(directory + ": there is no such model directory; check the path.");
        }
        return AdapterFiles.in(directory)
                ? new ModelFiles(AdapterFiles.base(directory), Optional.of(directory))
                : new ModelFiles(directory, Optional.empty());
    }

    /** Whether a directory holds an adapter in PEFT's layout rather than a model. */
    public static boolean isAdapter(Path directory) {
        return AdapterFiles.in(directory);
    }

    /** Where the tokenizer was read from. */
    public Path tokenizerDirectory() {
        return tokenizerDirectory;
    }

    /** Where the configuration was read from: of an adapter, its base. */
    public Path directory() {
        return directory;
    }

    public DecoderConfig config() {
        return decoderConfig;
    }

    /** The most tokens of a text: {@code maxLength} where it is configured, and never more than the model's context. */
    public int mostTokens(OptionalInt maxLength) {
        int context = decoderConfig.maxPositionEmbeddings();
        return Math.min(context, maxLength.orElse(context));
    }

    /** The ids that end a completion: those of config.json, of generation_config.json and the tokenizer's together. */
    public Set<Integer> eosIds() {
        return eosIds;
    }

    /** {@code pad_token_id} of config.json; of an adapter with a tokenizer beside it, that one's padding token. */
    public OptionalInt padId() {
        return padId;
    }

    /** {@code bos_token_id} of config.json. */
    OptionalInt bosId() {
        return bosId;
    }

    /** The tokenizer's files, and the ids of its special tokens. */
    TokenizerFiles tokenizerFiles() {
        return tokenizerFiles;
    }

    ConfigJson reader() {
        return new ConfigJson(directory.resolve(CONFIG), config);
    }

    /** Writes config.json, generation_config.json and the tokenizer of a causal language model. */
    void saveCausalLm(Path target, WeightType type) {
        ObjectNode saved = config.deepCopy();
        saved.putArray("architectures").add(family.causalLmClass());
        saved.remove(List.of("id2label", "label2id", "num_labels", "problem_type"));
        setType(saved, type);
        save(target, saved);
        generation().ifPresent(g -> Json.write(target.resolve(GENERATION_CONFIG), g));
        tokenizerFiles.save(target);
    }

    /**
     * As it was read; where only the tokenizer names an end token, with that one too, so that what is saved stops
     * everywhere where it stopped here.
     */
    private Optional<ObjectNode> generation() {
        if (declaredEosIds.containsAll(eosIds)) {
            return generationConfig;
        }
        ObjectNode saved = generationConfig.map(ObjectNode::deepCopy).orElseGet(() -> {
            ObjectNode made = Json.MAPPER.createObjectNode();
            List.of("bos_token_id", "pad_token_id").stream()
                    .filter(config::has)
                    .forEach(key -> made.set(key, config.get(key)));
            return made;
        });
        ArrayNode ends = saved.putArray("eos_token_id");
        eosIds.forEach(ends::add);
        return Optional.of(saved);
    }

    /** Writes config.json and the tokenizer of a reward model whose batches are padded with {@code padTokenId}. */
    void saveRewardModel(Path target, WeightType type, int padTokenId) {
        ObjectNode saved = config.deepCopy();
        saved.putArray("architectures").add(family.classifierClass());
        saved.remove("num_labels");
        saved.putObject("id2label").put("0", "LABEL_0");
        saved.putObject("label2id").put("LABEL_0", 0);
        saved.put("pad_token_id", padTokenId);
        setType(saved, type);
        save(target, saved);
        tokenizerFiles.withPadToken(padTokenId).save(target);
    }

    /**
     * Writes the tokenizer beside an adapter.
     *
     * @param padTokenId what batches are padded with, where that matters
     */
    void saveBesideAdapter(Path target, OptionalInt padTokenId) {
        TokenizerFiles saved =
                padTokenId.isPresent() ? tokenizerFiles.withPadToken(padTokenId.getAsInt()) : tokenizerFiles;
        saved.save(target);
    }

    private static void setType(ObjectNode saved, WeightType type) {
        saved.put("dtype", type.configName());
        if (saved.has("torch_dtype")) {
            saved.put("torch_dtype", type.configName());
        }
    }

    private static void save(Path target, ObjectNode config) {
        try {
            Files.createDirectories(target);
        } catch (IOException e) {
            throw new UserError(target + ": cannot be made (" + IoReason.of(e) + ").", e);
        }
        Json.write(target.resolve(CONFIG), config);
    }

    private static OptionalInt first(Set<Integer> ids) {
        return ids.stream().mapToInt(Integer::intValue).findFirst();
    }

    private static Set<Integer> ids(ConfigJson json, String key) {
        Set<Integer> ids = new LinkedHashSet<>();
        json.get(key).ifPresent(value -> {
            for (JsonNode id : value.isArray() ? value : List.of(value)) {
                if (!id.isIntegralNumber() || !id.canConvertToInt()) {
                    throw json.wrong(key, "is " + value + ", which is neither a token id nor a list of them");
                }
                // transformers takes -1 for "none" in old configurations.
                if (id.intValue() >= 0) {
                    ids.add(id.intValue());
                }
            }
        });
        return ids;
    }
}

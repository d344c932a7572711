package dev.flipside.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.IoReason;
import dev.flipside.config.LoraConfig;
import dev.flipside.config.NamedPath;
import dev.flipside.config.UserError;
import dev.flipside.engine.ParameterSlot;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.safetensors.Json;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.TensorInfo;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * A directory in PEFT's layout: {@code adapter_config.json} and {@code adapter_model.safetensors}.
 *
 * <p>Which modules are adapted, and with which rank, is read from the weights; the configuration gives the scale, the
 * base and what must not be ignored.
 */
final class AdapterFiles {
    static final String CONFIG = "adapter_config.json";
    static final String WEIGHTS = "adapter_model.safetensors";

    /** What PEFT puts before the name of every weight. */
    static final String PREFIX = "base_model.model.";

    private final Path directory;
    private final AdapterDescription description;
    private final Map<String, TensorInfo> header;

    private AdapterFiles(Path directory) {
        this.directory = directory;
        Path file = directory.resolve(CONFIG);
        ObjectNode json = Json.read(file);
        description = new AdapterDescription(AdapterConfig.read(file, json), base(directory), json);
        if (!Files.exists(directory.resolve(WEIGHTS))) {
            throw new UserError(
                    directory + ": has no " + WEIGHTS + " beside its " + CONFIG
                            + "; weights in other formats must be saved as safetensors first (save_pretrained in PEFT does it).");
        }
        header = SafeTensors.header(directory.resolve(WEIGHTS));
    }

    /** Whether a directory holds an adapter rather than a model. */
    static boolean in(Path directory) {
        return Files.exists(directory.resolve(CONFIG));
    }

    /** @throws UserError naming the file that is missing, malformed or asks for what is not supported */
    static AdapterFiles open(Path directory) {
        return new AdapterFiles(directory);
    }

    /**
     * The directory of the frozen model below an adapter: {@code base_model_name_or_path}, absolute, or relative to the
     * working directory as PEFT has it, or else to the adapter's own directory.
     *
     * @throws UserError when there is none
     */
    static Path base(Path directory) {
        Path file = directory.resolve(CONFIG);
        String name = Json.read(file).path("base_model_name_or_path").asText("");
        for (Path candidate : name.isEmpty()
                ? List.<Path>of()
                : List.of(
                        NamedPath.of(file + ": base_model_name_or_path", name),
                        directory.toAbsolutePath().resolve(name))) {
            if (Files.isDirectory(candidate)) {
                if (in(candidate)) {
                    throw new UserError(
                            file + ": base_model_name_or_path " + name
                                    + " is an adapter itself; merge that one first with `flipside merge`, and name the result.");
                }
                return candidate.toAbsolutePath().normalize();
            }
        }
        throw new UserError(
                file + ": base_model_name_or_path '" + name
                        + "' is no directory here, seen from the working directory or from the adapter's; fetch the base model and write its directory there.");
    }

    AdapterDescription description() {
        return description;
    }

    boolean has(String slot) {
        return header.containsKey(PREFIX + slot);
    }

    /**
     * Reads the adapter's weights.
     *
     * @param layout of the model that the adapter makes of its base
     * @param base the frozen weights below
     * @throws UserError naming the weight that is missing, has another shape than the base asks for, or has no place in
     *     it
     */
    Lora load(WeightLayout layout, Parameters base) {
        AdapterLayout adapter = layout(layout);
        adapter.entries().forEach(entry -> require(entry.slot(), PREFIX + entry.name()));
        rejectStrangers(adapter);
        Parameters learns = new Parameters(adapter.slots(true), base.device());
        Parameters kept = new Parameters(adapter.slots(false), base.device());
        try {
            for (AdapterLayout.Entry entry : adapter.entries()) {
                read(
                        entry,
                        layout,
                        (entry.learns() ? learns : kept).get(entry.slot().name()));
            }
            return new Lora(description, adapter, learns, PrincipalParts.takenOut(adapter, base, kept));
        } catch (RuntimeException e) {
            learns.close();
            kept.close();
            throw e;
        }
    }

    private void read(AdapterLayout.Entry entry, WeightLayout layout, Tensor into) {
        String name = PREFIX + entry.name();
        SafeTensors.read(directory.resolve(WEIGHTS), name, header.get(name), into);
        try (Scopes.Frozen scope = Scopes.frozen()) {
            entry.outputs().ifPresent(module -> into.copy_(layout.outputsFromFile(module, into)));
        }
    }

    private AdapterLayout layout(WeightLayout layout) {
        EmbeddingModule embedding = layout.embeddings().get(0);
        Map<String, long[]> tokens = new LinkedHashMap<>();
        AdapterConfig.tokens(description.json(), embedding.name(), embedding.rows(), directory.resolve(CONFIG) + ": ")
                .forEach((name, ids) -> tokens.put(module(layout, name), ids));
        return new AdapterLayout(layout, description.lora(), tokens, new InFile());
    }

    /** The path of the module that a key of trainable_token_indices names by its end. */
    private String module(WeightLayout layout, String name) {
        List<String> modules = new ArrayList<>();
        layout.embeddings().forEach(e -> modules.add(e.name()));
        layout.head().ifPresent(head -> modules.add(head.name()));
        return modules.stream()
                .filter(module -> AdapterTargets.names(name, module))
                .findFirst()
                .orElseThrow(() -> new UserError(directory.resolve(CONFIG) + ": trainable_token_indices names " + name
                        + ", which is none of " + String.join(", ", modules) + "; copy the adapter again."));
    }

    /** What the adapter's file holds. */
    private final class InFile implements AdapterSelection {
        @Override
        public OptionalLong rank(String module) {
            for (String kind : List.of(AdapterLayout.A, AdapterLayout.EMBEDDING_A)) {
                if (has(module + kind)) {
                    return OptionalLong.of(AdapterFiles.this.rank(module + kind));
                }
            }
            return OptionalLong.empty();
        }

        @Override
        public boolean whole(WholeTensor tensor) {
            // A matrix of the vocabulary that modules_to_save does not name was saved with the adapter, but not
            // trained.
            boolean ofVocabulary = List.of(WeightLayout.EMBEDDING, WeightLayout.VOCABULARY_HEAD)
                    .contains(tensor.slot().name());
            return has(tensor.name())
                    && (!ofVocabulary
                            || description.lora().modulesToSave().stream()
                                    .anyMatch(name -> AdapterTargets.names(name, tensor.module())));
        }

        @Override
        public Optional<String> inBasesPlace(String module) {
            return Stream.of(module + AdapterLayout.BASE_WEIGHT, module + ".weight")
                    .filter(AdapterFiles.this::has)
                    .findFirst();
        }
    }

    private long rank(String name) {
        List<Long> shape = header.get(PREFIX + name).shape();
        if (shape.isEmpty() || shape.get(0) < 1) {
            throw new UserError(directory.resolve(WEIGHTS) + ": " + name + " has the shape " + shape
                    + ", which is of no rank; copy the adapter again.");
        }
        return shape.get(0);
    }

    private void require(ParameterSlot slot, String name) {
        TensorInfo info = header.get(name);
        List<Long> shape = Arrays.stream(slot.shape()).boxed().toList();
        if (info == null) {
            throw new UserError(directory.resolve(WEIGHTS) + ": " + name
                    + " is missing; the adapter is incomplete, copy it again.");
        }
        if (!info.shape().equals(shape)) {
            throw new UserError(directory.resolve(WEIGHTS) + ": " + name + " has the shape " + info.shape()
                    + " and the base " + description.base() + " asks for " + shape + because(slot, info.shape()));
        }
    }

    private static String because(ParameterSlot slot, List<Long> shape) {
        boolean ofVocabulary =
                List.of(WeightLayout.EMBEDDING, WeightLayout.VOCABULARY_HEAD).contains(slot.name());
        return ofVocabulary && shape.size() == 2 && shape.get(1) == slot.shape()[1]
                ? "; the adapter was trained on that base with another number of tokens (resize_token_embeddings in transformers), so save such a base and name it in base_model_name_or_path."
                : "; the adapter belongs to another model, so correct base_model_name_or_path.";
    }

    private void rejectStrangers(AdapterLayout adapter) {
        Set<String> known = new HashSet<>(names(adapter));
        for (String name : header.keySet()) {
            if (!known.contains(name) && !repeated(name)) {
                Set<String> modules = new LinkedHashSet<>();
                adapter.model().linearModules().forEach(m -> modules.add(m.shortName()));
                throw new UserError(directory.resolve(WEIGHTS) + ": the weight " + name + " has no place in the base "
                        + description.base() + ", whose adapted modules can be " + String.join(", ", modules)
                        + "; the adapter belongs to another model or another task.");
            }
        }
    }

    /**
     * With bias: all PEFT saves the biases of modules_to_save once more, and those of the modules in whose place they
     * stand.
     */
    private boolean repeated(String name) {
        return description.lora().bias() == LoraConfig.Bias.ALL
                && (name.endsWith(".original_module.bias") || name.endsWith(".modules_to_save.bias"));
    }

    /** With what PEFT saves twice of tied matrices. */
    private Set<String> names(AdapterLayout adapter) {
        Set<String> names = new HashSet<>();
        adapter.entries().forEach(entry -> names.add(PREFIX + entry.name()));
        adapter.model().head().filter(head -> adapter.model().tiedHead()).ifPresent(head -> {
            names.add(PREFIX + head.name() + ".weight");
            names.add(PREFIX + head.name() + AdapterLayout.BASE_WEIGHT);
            if (adapter.headOfEmbedding().isPresent()) {
                names.add(PREFIX + head.name() + AdapterLayout.A);
                names.add(PREFIX + head.name() + AdapterLayout.B);
            }
        });
        return names;
    }

    /**
     * Writes an adapter without its tokenizer.
     *
     * @throws UserError when it cannot be written
     */
    static void save(Path directory, Lora lora, WeightType type) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UserError(directory + ": cannot be made (" + IoReason.of(e) + ").", e);
        }
        ObjectNode json = lora.description().json().deepCopy();
        json.put("base_model_name_or_path", lora.description().base().toString());
        json.put("inference_mode", true);
        Json.write(directory.resolve(CONFIG), json);
        try (PointerScope scope = new PointerScope()) {
            SafeTensors.write(directory.resolve(WEIGHTS), stored(lora), type);
        }
    }

    /** All that PEFT reads. */
    private static Map<String, Tensor> stored(Lora lora) {
        AdapterLayout layout = lora.layout();
        Map<String, Tensor> tensors = tensors(lora, Tensor::detach);
        layout.entries().stream()
                .filter(entry -> !entry.learns())
                .forEach(entry -> tensors.put(
                        PREFIX + entry.name(),
                        inFile(
                                entry,
                                lora,
                                lora.frozen().get(entry.slot().name()).detach())));
        String embedding = PREFIX + layout.model().embeddings().get(0).name();
        layout.headOfEmbedding().ifPresent(head -> {
            tensors.put(
                    PREFIX + head.name() + AdapterLayout.A,
                    tensors.get(embedding + AdapterLayout.EMBEDDING_B).t());
            tensors.put(
                    PREFIX + head.name() + AdapterLayout.B,
                    tensors.get(embedding + AdapterLayout.EMBEDDING_A).t());
        });
        if (layout.tied() && lora.replaces(WeightLayout.EMBEDDING)) {
            layout.model()
                    .head()
                    .ifPresent(
                            head -> tensors.put(PREFIX + head.name() + ".weight", tensors.get(embedding + ".weight")));
        }
        return tensors;
    }

    /**
     * Something that an adapter has for each of its weights that learn, by the weight's name in files and in their
     * order of rows.
     */
    static Map<String, Tensor> tensors(Lora lora, UnaryOperator<Tensor> of) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        lora.layout().entries().stream()
                .filter(AdapterLayout.Entry::learns)
                .forEach(entry -> tensors.put(
                        PREFIX + entry.name(),
                        inFile(
                                entry,
                                lora,
                                of.apply(lora.parameters().get(entry.slot().name())))));
        return tensors;
    }

    private static Tensor inFile(AdapterLayout.Entry entry, Lora lora, Tensor tensor) {
        return entry.outputs()
                .map(module -> lora.layout().model().outputsToFile(module, tensor))
                .orElse(tensor);
    }
}

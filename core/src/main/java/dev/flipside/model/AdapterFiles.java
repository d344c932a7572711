package dev.flipside.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.LoraConfig;
import dev.flipside.config.NamedPath;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Parameters.Slot;
import dev.flipside.engine.Scopes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * A directory in PEFT's layout: {@code adapter_config.json} and {@code adapter_model.safetensors}.
 *
 * <p>Which modules are adapted, and with which rank, is read from the weights; the configuration gives the scale, the base and what must not be ignored.
 */
final class AdapterFiles {
    static final String CONFIG = "adapter_config.json";
    static final String WEIGHTS = "adapter_model.safetensors";

    /** What PEFT puts before the name of every weight. */
    static final String PREFIX = "base_model.model.";

    /**
     * What an adapter's files say beside its weights.
     *
     * @param lora rank, scale and the like
     * @param base directory of the frozen model, absolute
     * @param json to be written again
     */
    record Description(LoraConfig lora, Path base, ObjectNode json) {}

    private final Path directory;
    private final Description description;
    private final Map<String, TensorInfo> header;

    private AdapterFiles(Path directory) {
        this.directory = directory;
        Path file = directory.resolve(CONFIG);
        ObjectNode json = Json.read(file);
        description = new Description(AdapterConfig.read(file, json), base(directory), json);
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
     * The directory of the frozen model below an adapter: {@code base_model_name_or_path}, absolute, or relative to the working directory as PEFT has it, or else to the
     * adapter's own directory.
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

    Description description() {
        return description;
    }

    boolean has(String slot) {
        return header.containsKey(PREFIX + slot);
    }

    /**
     * Reads the adapter's weights.
     *
     * @param layout of the model that the adapter makes of its base
     * @throws UserError naming the weight that is missing, has another shape than the base asks for, or has no place in it
     */
    Lora load(WeightLayout layout, Device device) {
        List<WeightLayout.LinearModule> modules = new ArrayList<>();
        List<Slot> slots = new ArrayList<>();
        for (WeightLayout.LinearModule module : layout.linearModules()) {
            if (has(module.name() + Lora.A)) {
                modules.add(module);
                slots.addAll(slots(module, rank(module), description.lora().useDora()));
            }
        }
        Map<String, String> names = names(layout);
        layout.wholeTensors().stream().filter(whole -> has(whole.name())).forEach(whole -> slots.add(whole.slot()));
        slots.forEach(slot -> require(slot, inFile(slot, names)));
        rejectStrangers(slots.stream().map(slot -> inFile(slot, names)).collect(Collectors.toSet()), layout);
        Parameters parameters = new Parameters(slots, device);
        for (Slot slot : slots) {
            String name = inFile(slot, names);
            SafeTensors.read(directory.resolve(WEIGHTS), name, header.get(name), parameters.get(slot.name()));
        }
        Lora lora = new Lora(description, modules, parameters);
        try (Scopes.Frozen scope = Scopes.frozen()) {
            forEachOutputs(lora, (module, name, rows) -> rows.copy_(layout.outputsFromFile(module, rows)));
        }
        return lora;
    }

    /** What transformers calls the slots that an adapter may hold whole. */
    private static Map<String, String> names(WeightLayout layout) {
        return layout.wholeTensors().stream()
                .collect(Collectors.toMap(whole -> whole.slot().name(), WeightLayout.WholeTensor::name));
    }

    /** The low-rank weights have the same name here as in files. */
    private static String inFile(Slot slot, Map<String, String> names) {
        return PREFIX + names.getOrDefault(slot.name(), slot.name());
    }

    /** The weights with a row for each output of a module. */
    private static void forEachOutputs(Lora lora, OutputsConsumer consumer) {
        List<String> kinds = lora.config().useDora() ? List.of(Lora.B, Lora.MAGNITUDE) : List.of(Lora.B);
        for (WeightLayout.LinearModule module : lora.modules()) {
            for (String kind : kinds) {
                String name = module.name() + kind;
                consumer.accept(module, name, lora.parameters().get(name));
            }
        }
    }

    private interface OutputsConsumer {
        void accept(WeightLayout.LinearModule module, String name, Tensor rows);
    }

    /** The weights of an adapted module. */
    static List<Slot> slots(WeightLayout.LinearModule module, long rank, boolean dora) {
        List<Slot> slots = new ArrayList<>(List.of(
                new Slot(module.name() + Lora.A, rank, module.columns()),
                new Slot(module.name() + Lora.B, module.rows(), rank)));
        if (dora) {
            slots.add(new Slot(module.name() + Lora.MAGNITUDE, module.rows()));
        }
        return slots;
    }

    private long rank(WeightLayout.LinearModule module) {
        List<Long> shape = header.get(PREFIX + module.name() + Lora.A).shape();
        if (shape.isEmpty() || shape.get(0) < 1) {
            throw new UserError(directory.resolve(WEIGHTS) + ": " + module.name() + Lora.A + " has the shape " + shape
                    + ", which is of no rank; copy the adapter again.");
        }
        return shape.get(0);
    }

    private void require(Slot slot, String name) {
        TensorInfo info = header.get(name);
        List<Long> shape = Arrays.stream(slot.shape()).boxed().toList();
        if (info == null) {
            throw new UserError(directory.resolve(WEIGHTS) + ": " + name
                    + " is missing; the adapter is incomplete, copy it again.");
        }
        if (!info.shape().equals(shape)) {
            throw new UserError(directory.resolve(WEIGHTS) + ": " + name + " has the shape " + info.shape()
                    + " and the base " + description.base() + " asks for " + shape
                    + "; the adapter belongs to another model, so correct base_model_name_or_path.");
        }
    }

    private void rejectStrangers(Set<String> known, WeightLayout layout) {
        for (String name : header.keySet()) {
            if (!known.contains(name)) {
                Set<String> modules = new LinkedHashSet<>();
                layout.linearModules().forEach(m -> modules.add(m.shortName()));
                throw new UserError(directory.resolve(WEIGHTS) + ": the weight " + name + " has no place in the base "
                        + description.base() + ", whose adapted modules can be " + String.join(", ", modules)
                        + "; the adapter belongs to another model or another task.");
            }
        }
    }

    /**
     * Writes an adapter without its tokenizer.
     *
     * @param layout of the model that the adapter makes of its base
     * @throws UserError when it cannot be written
     */
    static void save(Path directory, Lora lora, WeightLayout layout, WeightType type) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UserError(directory + ": cannot be made (" + e + ").", e);
        }
        ObjectNode json = lora.description().json().deepCopy();
        json.put("base_model_name_or_path", lora.description().base().toString());
        json.put("inference_mode", true);
        Json.write(directory.resolve(CONFIG), json);
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> tensors = tensors(lora, layout, Tensor::detach);
            SafeTensors.write(directory.resolve(WEIGHTS), tensors, type);
        }
    }

    /** Something that an adapter has for each of its weights, by the weight's name in files and in their order of rows. */
    static Map<String, Tensor> tensors(Lora lora, WeightLayout layout, UnaryOperator<Tensor> of) {
        Map<String, String> names = names(layout);
        Parameters parameters = lora.parameters();
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        parameters.slots().forEach(slot -> tensors.put(inFile(slot, names), of.apply(parameters.get(slot.name()))));
        forEachOutputs(
                lora, (module, name, rows) -> tensors.put(PREFIX + name, layout.outputsToFile(module, of.apply(rows))));
        return tensors;
    }
}

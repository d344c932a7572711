package dev.flipside.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.LoraConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Parameters.Slot;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.model.TensorNames.Form;
import dev.flipside.model.WeightLayout.LinearModule;
import dev.flipside.model.WeightLayout.WholeTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;

/**
 * A new adapter, which changes nothing yet: A uniform in +-1 / sqrt(in) (PEFT's Kaiming initialisation with a = sqrt(5)), B zero, the magnitudes of DoRA the norms of the base's rows,
 * whole modules copies of the base's.
 */
final class LoraInitialisation {
    private final LoraConfig config;
    private final WeightLayout layout;
    private final ModelFiles files;

    /** @param layout of the model that the adapter makes of its base */
    LoraInitialisation(LoraConfig config, WeightLayout layout, ModelFiles files) {
        this.config = config;
        this.layout = layout;
        this.files = files;
    }

    /**
     * @param base frozen weights; slots of the layout that it lacks stay zero
     * @param seeds stream {@code LORA_INITIALISATION}
     * @throws UserError naming a module that the model does not have, and those that it has
     */
    Lora create(Parameters base, AdapterConfig.Task task, Seeds seeds) {
        List<LinearModule> modules = targets();
        List<String> saved = new ArrayList<>(config.modulesToSave());
        if (task == AdapterConfig.Task.SEQ_CLS && !saved.contains("score")) {
            saved.add("score");
        }
        List<Slot> slots = new ArrayList<>();
        modules.forEach(m -> slots.addAll(AdapterFiles.slots(m, config.r(), config.useDora())));
        List<Slot> whole = saved(saved, modules);
        if (task == AdapterConfig.Task.CAUSAL_LM) {
            requireUntied(whole.stream().map(Slot::name).toList(), files);
        }
        slots.addAll(whole);
        Parameters parameters = new Parameters(slots, base.device());
        try (Scopes.Frozen scope = Scopes.frozen()) {
            for (int i = 0; i < modules.size(); i++) {
                fill(parameters, modules.get(i), base, seeds.key(Seeds.Stream.LORA_INITIALISATION, i, 0, 0));
            }
            whole.stream()
                    .filter(slot -> base.has(slot.name()))
                    .forEach(slot -> parameters.get(slot.name()).copy_(base.get(slot.name())));
        }
        Path directory = files.directory().toAbsolutePath().normalize();
        ObjectNode json = AdapterConfig.write(config, targetNames(modules), saved, directory, task);
        // As PEFT sets it for Conv1D.
        json.put("fan_in_fan_out", modules.stream().anyMatch(m -> m.form() == Form.TRANSPOSED));
        return new Lora(new AdapterFiles.Description(config, directory, json), modules, parameters);
    }

    private void fill(Parameters parameters, LinearModule module, Parameters base, long key) {
        Tensor a = parameters.get(module.name() + Lora.A);
        double bound = 1 / Math.sqrt(module.columns());
        double[] values = new double[Math.toIntExact(a.numel())];
        Arrays.setAll(values, i -> bound * (2 * Seeds.uniform(key, i) - 1));
        a.copy_(Tensors.ofDoubles(values, base.device(), config.r(), module.columns()));
        if (config.useDora()) {
            Tensor weight = base.get(module.slot()).narrow(0, module.row(), module.rows());
            parameters.get(module.name() + Lora.MAGNITUDE).copy_(Lora.rowNorms(weight));
        }
    }

    private List<LinearModule> targets() {
        List<LinearModule> all = layout.linearModules();
        if (config.allLinear()) {
            return all;
        }
        for (String target : config.targetModules()) {
            if (all.stream().noneMatch(m -> names(target, m.name()))) {
                throw unknown("target_modules", target, "linear module", shortNames(all));
            }
        }
        return all.stream()
                .filter(m -> config.targetModules().stream().anyMatch(t -> names(t, m.name())))
                .toList();
    }

    /** As PEFT matches: the whole path or its end. */
    private static boolean names(String target, String module) {
        return module.equals(target) || module.endsWith("." + target);
    }

    private List<String> targetNames(List<LinearModule> modules) {
        return config.allLinear() ? List.copyOf(shortNames(modules)) : config.targetModules();
    }

    private static Set<String> shortNames(List<LinearModule> modules) {
        return modules.stream().map(LinearModule::shortName).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private List<Slot> saved(List<String> names, List<LinearModule> targets) {
        List<WholeTensor> whole = layout.wholeTensors();
        List<Slot> found = new ArrayList<>();
        for (String name : names) {
            List<Slot> its = whole.stream()
                    .filter(tensor -> names(name, tensor.module()))
                    .map(WholeTensor::slot)
                    .toList();
            if (its.isEmpty()) {
                Set<String> known = whole.stream()
                        .map(WholeTensor::module)
                        .map(m -> m.substring(m.lastIndexOf('.') + 1))
                        .collect(Collectors.toCollection(LinkedHashSet::new));
                throw unknown("modules_to_save", name, "module that can be trained whole", known);
            }
            if (targets.stream()
                    .anyMatch(t -> its.stream().anyMatch(s -> s.name().equals(t.slot())))) {
                throw new UserError(
                        "modules_to_save: " + name
                                + " is one of target_modules too; it can be adapted or trained whole, so remove it from one of them.");
            }
            its.stream().filter(slot -> !found.contains(slot)).forEach(found::add);
        }
        return found;
    }

    /** With a tied head there is one matrix for two modules, and PEFT would train one of them and leave the other. */
    static void requireUntied(Collection<String> savedSlots, ModelFiles files) {
        if (files.config().tiedHead() && savedSlots.contains(WeightLayout.EMBEDDING)) {
            throw new UserError(
                    "modules_to_save: " + files.directory()
                            + " ties its vocabulary head to embed_tokens (tie_word_embeddings), so they cannot be trained apart; remove embed_tokens.");
        }
    }

    private UserError unknown(String key, String name, String what, Set<String> known) {
        return new UserError(key + ": there is no " + what + " '" + name + "' in " + files.directory() + "; it has "
                + String.join(", ", known) + ".");
    }
}

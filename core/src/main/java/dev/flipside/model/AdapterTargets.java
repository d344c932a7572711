package dev.flipside.model;

import dev.flipside.config.LoraConfig;
import dev.flipside.config.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The modules that a configuration asks a new adapter for. */
final class AdapterTargets implements AdapterSelection {
    private static final Pattern LAYER = Pattern.compile("\\.(\\d+)\\.");

    private final LoraConfig config;
    private final WeightLayout layout;
    private final Path directory;
    private final List<String> saved;
    private final Set<String> targets;

    /**
     * @param saved modules to be trained whole
     * @param directory of the model
     * @throws UserError naming a module that the model does not have, and those that it has
     */
    AdapterTargets(LoraConfig config, WeightLayout layout, List<String> saved, Path directory) {
        this.config = config;
        this.layout = layout;
        this.saved = saved;
        this.directory = directory;
        requireLayers();
        targets = targets();
        requireSaved();
    }

    /** As PEFT matches: the whole path or its end. */
    static boolean names(String target, String module) {
        return module.equals(target) || module.endsWith("." + target);
    }

    private static boolean anyNames(List<String> names, String module) {
        return names.stream().anyMatch(name -> names(name, module));
    }

    /** What {@code target_modules} says in an adapter's file. */
    List<String> targetNames() {
        return config.allLinear() ? List.copyOf(shortNames(layout.linearModules())) : config.targetModules();
    }

    private Set<String> targets() {
        List<String> all = new ArrayList<>();
        layout.linearModules().forEach(module -> all.add(module.name()));
        if (!config.allLinear()) {
            layout.embeddings().forEach(module -> all.add(module.name()));
            layout.head().ifPresent(module -> all.add(module.name()));
            for (String target : config.targetModules()) {
                if (all.stream().noneMatch(module -> names(target, module))) {
                    throw unknown("target_modules", target, "linear module", shortNames(layout.linearModules()));
                }
            }
            all.removeIf(module -> !anyNames(config.targetModules(), module));
        }
        all.removeIf(module -> anyNames(config.excludeModules(), module) || !inLayers(module));
        Set<String> found = new LinkedHashSet<>(all);
        tie(found);
        if (found.isEmpty()) {
            throw new UserError("target_modules: exclude_modules and layers_to_transform leave no module of "
                    + directory + "; take something out of them.");
        }
        return found;
    }

    /** What is done to one of two tied matrices is done to the other. */
    private void tie(Set<String> found) {
        if (config.ensureWeightTying() && layout.tiedHead()) {
            EmbeddingModule embedding = layout.embeddings().get(0);
            String head = layout.head().orElseThrow().name();
            if (found.remove(head)) {
                found.add(embedding.name());
            }
        }
    }

    /** Modules outside the layers are not, where layers are named. */
    private boolean inLayers(String module) {
        Matcher layer = LAYER.matcher(module);
        return config.layersToTransform().isEmpty()
                || layer.find() && config.layersToTransform().contains(Integer.valueOf(layer.group(1)));
    }

    private void requireLayers() {
        for (int layer : config.layersToTransform()) {
            if (layout.linearModules().stream().noneMatch(m -> m.name().contains("." + layer + "."))) {
                throw new UserError("layers_to_transform: there is no layer " + layer + " in " + directory
                        + "; layers are counted from 0.");
            }
        }
    }

    private void requireSaved() {
        List<WholeTensor> whole = wholeTensors();
        for (String name : saved) {
            Set<String> its = whole.stream()
                    .map(WholeTensor::module)
                    .filter(module -> names(name, module))
                    .collect(Collectors.toSet());
            if (its.isEmpty()) {
                Set<String> known = whole.stream()
                        .map(WholeTensor::module)
                        .map(AdapterTargets::shortName)
                        .collect(Collectors.toCollection(LinkedHashSet::new));
                throw unknown("modules_to_save", name, "module that can be trained whole", known);
            }
            if (targets.stream().anyMatch(its::contains)) {
                throw new UserError(
                        "modules_to_save: " + name
                                + " is one of target_modules too; it can be adapted or trained whole, so remove it from one of them.");
            }
        }
    }

    private List<WholeTensor> wholeTensors() {
        List<WholeTensor> whole = new ArrayList<>(layout.wholeTensors());
        layout.head()
                .filter(head -> layout.tiedHead())
                .map(AdapterLayout::headTensor)
                .ifPresent(whole::add);
        return whole;
    }

    private static String shortName(String module) {
        return module.substring(module.lastIndexOf('.') + 1);
    }

    private static Set<String> shortNames(List<LinearModule> modules) {
        return modules.stream().map(LinearModule::shortName).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private UserError unknown(String key, String name, String what, Set<String> known) {
        return new UserError(key + ": there is no " + what + " '" + name + "' in " + directory + "; it has "
                + String.join(", ", known) + ".");
    }

    @Override
    public OptionalLong rank(String module) {
        return targets.contains(module) ? OptionalLong.of(config.rank(module)) : OptionalLong.empty();
    }

    @Override
    public boolean whole(WholeTensor tensor) {
        return anyNames(saved, tensor.module());
    }
}

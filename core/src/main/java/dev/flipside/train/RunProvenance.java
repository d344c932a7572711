package dev.flipside.train;

import dev.flipside.config.Spelling;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.Device;
import dev.flipside.engine.NativeLibrary;
import dev.flipside.hub.HubSource;
import dev.flipside.model.ModelFiles;
import dev.flipside.model.Precision;
import dev.flipside.run.FileHash;
import dev.flipside.run.Provenance;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Where a run's numbers come from. */
final class RunProvenance {
    private RunProvenance() {}

    static Provenance of(TrainConfig config, String yaml, Device device, Precision precision) {
        List<String> inputs = new ArrayList<>();
        inputs.add(config.policy().model());
        config.rewardModel().model().ifPresent(inputs::add);
        inputs.add(config.data().prompts());
        for (Optional<String> file : List.of(
                config.data().evalPrompts(),
                config.data().preferences(),
                config.data().trustedPreferences(),
                config.data().evalPreferences())) {
            file.ifPresent(inputs::add);
        }
        return of(inputs, config.run().seed(), yaml, device, precision);
    }

    static Provenance of(List<String> inputs, long seed, String yaml, Device device, Precision precision) {
        List<FileHash> files = new ArrayList<>();
        inputs.stream()
                .map(Path::of)
                .flatMap(RunProvenance::withBase)
                .distinct()
                .forEach(input -> files.addAll(FileHash.of(input)));
        Map<String, String> libraries = new LinkedHashMap<>();
        libraries.put("libtorch", NativeLibrary.version());
        libraries.put("libtorch_path", NativeLibrary.path());
        libraries.put("blas", NativeLibrary.blas());
        libraries.put("threads", Integer.toString(NativeLibrary.threads()));
        libraries.put("cpu_capability", NativeLibrary.cpuCapability());
        libraries.put("device", device.name());
        libraries.put("precision", Spelling.of(precision));
        List<String> hub = inputs.stream()
                .flatMap(input -> HubSource.of(Path.of(input)).stream())
                .map(HubSource::toString)
                .distinct()
                .toList();
        return Provenance.ofThisProcess(libraries, Map.of("run", seed), yaml, files, hub);
    }

    /** An adapter says nothing without the model below it. */
    private static Stream<Path> withBase(Path input) {
        return ModelFiles.isAdapter(input)
                ? Stream.of(input, ModelFiles.open(input).directory())
                : Stream.of(input);
    }
}

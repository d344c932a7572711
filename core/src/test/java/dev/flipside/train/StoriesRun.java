package dev.flipside.train;

import dev.flipside.config.ConfigReader;
import dev.flipside.config.TrainConfig;
import dev.flipside.engine.Collective;
import dev.flipside.engine.Device;
import dev.flipside.engine.PeerException;
import dev.flipside.engine.Placement;
import dev.flipside.engine.Seeds;
import dev.flipside.model.RewardModel;
import dev.flipside.run.ChildJvm;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A SAVE run on a real language model with settings that keep a step short. As a program it prints every activity, and
 * waits for nobody to kill it; where the environment says so it is one rank of several.
 */
final class StoriesRun {
    private StoriesRun() {}

    /** Writes what {@link #config} needs into a folder. */
    static void prepare(Path folder) throws IOException {
        Stories.prompts(folder);
        try (RewardModel model = RewardModel.fromBackbone(Stories.model(), Device.CPU, new Seeds(3))) {
            model.save(folder.resolve("reward-model"), WeightType.F32);
        }
    }

    static TrainConfig config(Path folder, String name, String... overrides) {
        List<String> all = new ArrayList<>(List.of(
                "run.output_dir=" + folder.resolve(name),
                "policy.model=" + Stories.model(),
                "policy.learning_rate=1e-4",
                "reward_model.model=" + folder.resolve("reward-model"),
                "data.prompts=" + folder.resolve("prompts.jsonl"),
                "rollout.generation_batch_size=8",
                "rollout.num_generations=4",
                "rollout.max_completion_length=12",
                "algorithm.beta=0.05",
                "save.learning_rate=1e-4",
                "save.mask_truncated=false",
                "save.value_warmup_prompts=8",
                "save.calibration_prompts=8"));
        all.addAll(List.of(overrides));
        try {
            return ConfigReader.train(Files.writeString(folder.resolve("empty.yaml"), "{}\n"), all);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How a process does such a run. */
    static List<String> command(Path folder, String name, String... overrides) {
        return ChildJvm.command(
                StoriesRun.class,
                Stream.concat(Stream.of(folder.toString(), name), Stream.of(overrides))
                        .toArray(String[]::new));
    }

    /** @param args folder, name of the run, overrides */
    public static void main(String[] args) {
        String[] overrides = java.util.Arrays.copyOfRange(args, 2, args.length);
        Optional<Placement> placement = Placement.of(System.getenv());
        try (Collective collective =
                placement.map(here -> Collective.join(here, Device.CPU)).orElseGet(Collective::alone)) {
            train(config(Path.of(args[0]), args[1], overrides), collective);
        } catch (PeerException e) {
            System.out.println("peer: " + e.getMessage());
            System.exit(1);
        }
    }

    private static void train(TrainConfig config, Collective collective) {
        new SaveTrainer(config)
                .collective(collective)
                .listener(new TrainListener() {
                    @Override
                    public void activity(String name, long step) {
                        System.out.println(name + " " + step);
                        System.out.flush();
                    }
                })
                .run();
    }
}

package dev.flipside.model;

import dev.flipside.config.LoraConfig;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.safetensors.WeightFiles;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;

/**
 * Makes reward models from a directory: which weights, which heads and which padding token they get.
 * {@link RewardModel} says what each way is for.
 */
record RewardModelLoader(Path directory, ModelFiles files, WeightLayout layout, Device device, Precision precision) {
    /** @throws UserError when the directory is not that of a supported model */
    RewardModelLoader(Path directory, Device device, Precision precision) {
        this(directory, ModelFiles.open(directory), device, precision);
    }

    private RewardModelLoader(Path directory, ModelFiles files, Device device, Precision precision) {
        this(directory, files, WeightLayout.rewardModel(files.config()), device, precision);
    }

    /** See {@link RewardModel#hasRewardHead}. */
    static boolean hasRewardHead(Path directory) {
        return AdapterFiles.in(directory)
                ? AdapterFiles.open(directory).has(WeightLayout.REWARD_HEAD)
                : WeightFiles.open(directory).has(WeightLayout.REWARD_HEAD);
    }

    /** See {@link RewardModel#load(Path, Device, Precision, Optional)}. */
    RewardModel load(Optional<Backbone> shared) {
        ModelWeights weights =
                AdapterFiles.in(directory) ? adapter(shared) : whole(stored -> layout.load(stored, device));
        return model(weights, false, files.padId());
    }

    /** See {@link RewardModel#constant}. */
    RewardModel constant() {
        return AdapterFiles.in(directory)
                ? load(Optional.empty())
                : model(whole(stored -> layout.loadConstant(stored, device, precision)), false, files.padId());
    }

    private ModelWeights whole(Function<WeightFiles, Parameters> loading) {
        WeightFiles weights = WeightFiles.open(directory);
        StoredRewardHead.require(weights, files.config());
        return ModelWeights.of(loading.apply(weights));
    }

    private ModelWeights adapter(Optional<Backbone> shared) {
        AdapterFiles adapter = AdapterFiles.open(directory);
        if (!adapter.has(WeightLayout.REWARD_HEAD)) {
            throw new UserError(
                    directory
                            + ": the adapter has no score.weight, so it is not a reward model's; train one with `flipside train-rm` and reward_model.lora, or with PEFT's task type SEQ_CLS.");
        }
        return Backbone.below(files, device, shared, () -> Backbone.decoder(files, device))
                .adapted(adapter, layout);
    }

    /** See {@link RewardModel#adapted}. */
    RewardModel adapted(LoraConfig config, Seeds seeds) {
        BackboneBase below = new BackboneBase(Backbone.decoder(files, device), false);
        Lora lora = new LoraInitialisation(config, layout, files).create(below.base(), TaskType.SEQ_CLS, seeds);
        boolean ownHead = hasRewardHead(directory);
        if (ownHead) {
            WeightFiles stored = WeightFiles.open(directory);
            StoredRewardHead.require(stored, files.config());
            stored.read(WeightLayout.REWARD_HEAD, lora.parameters().get(WeightLayout.REWARD_HEAD));
        } else {
            newRewardHead(lora.parameters(), seeds);
        }
        return model(below.adapted(lora), !ownHead, ownHead ? files.padId() : OptionalInt.empty());
    }

    /** See {@link RewardModel#fromBackbone(Path, Device, Precision, Seeds)}. */
    RewardModel fromBackbone(Seeds seeds) {
        WeightFiles stored = WeightFiles.open(directory);
        StoredRewardHead.requireNoOther(stored);
        Parameters trunk = layout.loadWithout(Set.of(WeightLayout.REWARD_HEAD), stored, device);
        newRewardHead(trunk, seeds);
        Parameters valueHead = ValueHeadFile.zero(files, device);
        return new RewardModel(files, layout, ModelWeights.of(trunk), valueHead, true, precision, OptionalInt.empty());
    }

    private void newRewardHead(Parameters trunk, Seeds seeds) {
        long key = seeds.key(Seeds.Stream.HEAD_INITIALISATION, 0, 0, 0);
        double[] weight = new double[files.config().hiddenSize()];
        for (int i = 0; i < weight.length; i++) {
            weight[i] = files.config().initializerRange() * Seeds.normal(key, i);
        }
        try (Scopes.Frozen scope = Scopes.frozen()) {
            trunk.get(WeightLayout.REWARD_HEAD).copy_(Tensors.ofDoubles(weight, trunk.device(), 1, weight.length));
        }
    }

    /** With the directory's value head, or else one of zeros that is {@code meant} or not. */
    private RewardModel model(ModelWeights weights, boolean meant, OptionalInt padId) {
        Parameters valueHead = ValueHeadFile.zero(files, device);
        boolean stored = ValueHeadFile.in(directory);
        if (stored) {
            ValueHeadFile.read(directory, valueHead);
        }
        return new RewardModel(files, layout, weights, valueHead, stored || meant, precision, padId);
    }
}

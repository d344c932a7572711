package dev.flipside.train;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.flipside.config.IoReason;
import dev.flipside.config.StrictJson;
import dev.flipside.config.UserError;
import dev.flipside.engine.AdamW;
import dev.flipside.model.CausalLm;
import dev.flipside.model.RewardModel;
import dev.flipside.safetensors.SafeTensors;
import dev.flipside.safetensors.TensorInfo;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * What is inside a checkpoint: the models as Hugging Face directories (usable as they are), the optimisers' moments,
 * and a small {@code state.json}. Weights and moments are float32, so that a resumed run equals an undisturbed one to
 * the bit. Nothing in it tells how many ranks there were.
 */
final class CheckpointFiles {
    static final String POLICY = "policy";
    static final String REWARD_MODEL = "reward_model";
    static final String REFERENCE = "reference";
    static final String INITIAL_REWARD_MODEL = "initial_reward_model";
    private static final String MOMENTS = "optimisers.safetensors";
    private static final String STATE = "state.json";
    private static final JsonMapper JSON = StrictJson.builder()
            .addModule(new com.fasterxml.jackson.datatype.jdk8.Jdk8Module())
            .build();

    private static final ObjectReader WHOLE_STATE = JSON.readerFor(CheckpointState.class)
            .with(
                    DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES,
                    DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES,
                    DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

    private CheckpointFiles() {}

    /** On the rank that writes, while the others {@link #sendMoments}. */
    static void write(
            Path folder, PolicyModel policy, Round round, BaselineState baseline, double tokensSeen, Ranks ranks)
            throws IOException {
        policy.lm().save(folder.resolve(POLICY), WeightType.F32);
        round.learner.models().forEach((name, model) -> model.save(folder.resolve(name), WeightType.F32));
        savedReference(round).ifPresent(r -> r.save(folder.resolve(REFERENCE), WeightType.F32));
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        Map<String, Tensor> shards = new LinkedHashMap<>();
        Map<String, Long> steps = new LinkedHashMap<>();
        for (AdamW optimiser : optimisers(round)) {
            optimiser.stateElements().forEach((name, elements) -> shapes.put(name, List.of(elements)));
            shards.putAll(optimiser.state());
            optimiser.groups().forEach(g -> steps.put(g.name(), optimiser.steps()));
        }
        SafeTensors.write(folder.resolve(MOMENTS), shapes, WeightType.F32, (name, to) -> {
            try {
                ranks.collective()
                        .forEachPiece(shards.get(name), shapes.get(name).get(0), piece -> writeNumbers(to, piece));
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        });
        CheckpointState state = new CheckpointState(
                round.learner.start(),
                steps,
                round.learner.gate(),
                round.evaluator.baseAccuracy(),
                baseline,
                tokensSeen);
        Files.write(folder.resolve(STATE), JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(state));
    }

    private static void writeNumbers(WritableByteChannel to, Tensor piece) {
        try {
            SafeTensors.writeNumbers(to, piece, WeightType.F32);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What other ranks hold of a checkpoint, for the one that writes it. */
    static void sendMoments(Round round, Ranks ranks) {
        for (AdamW optimiser : optimisers(round)) {
            Map<String, Tensor> shards = optimiser.state();
            optimiser.stateElements().forEach((name, elements) -> ranks.collective()
                    .forEachPiece(shards.get(name), elements, piece -> {}));
        }
    }

    /** The first round's reference is what policy.model names. */
    private static Optional<CausalLm> savedReference(Round round) {
        return round.reference.lm().filter(r -> round.number > 0);
    }

    /** The bytes that {@link #write} writes, but for the small files. */
    static long size(PolicyModel policy, Round round) {
        long bytes = policy.lm().savedBytes(WeightType.F32);
        for (RewardModel model : round.learner.models().values()) {
            bytes += model.savedBytes(WeightType.F32);
        }
        bytes += savedReference(round).map(r -> r.savedBytes(WeightType.F32)).orElse(0L);
        for (AdamW optimiser : optimisers(round)) {
            for (long elements : optimiser.stateElements().values()) {
                bytes += elements * Float.BYTES;
            }
        }
        return bytes;
    }

    static CheckpointState readState(Path folder) {
        Path file = folder.resolve(STATE);
        try {
            CheckpointState state = WHOLE_STATE.readValue(file.toFile());
            if (state == null) {
                throw new IOException("it holds nothing");
            }
            return state;
        } catch (IOException e) {
            throw new UserError(
                    "Checkpoint file " + file + " cannot be read: " + IoReason.of(e)
                            + "; `flipside train CONFIG --from-step N` goes back to an earlier checkpoint, 0 to the beginning.",
                    e);
        }
    }

    /** Restores optimisers and gate of a round whose models were loaded from the same checkpoint. */
    static void restore(Path folder, Round round, CheckpointState state, Ranks ranks) {
        Path file = folder.resolve(MOMENTS);
        Map<String, TensorInfo> header = SafeTensors.header(file);
        for (AdamW optimiser : optimisers(round)) {
            Map<String, Long> wholes = optimiser.stateElements();
            optimiser.state().forEach((name, shard) -> {
                if (!header.containsKey(name)) {
                    throw new UserError(
                            file + " has no '" + name
                                    + "': the checkpoint was written under other options; resume with the run's own config.yaml.");
                }
                long from = ranks.collective().shard(wholes.get(name)).from();
                SafeTensors.read(file, name, header.get(name), wholes.get(name), from, shard);
            });
            String group = optimiser.groups().get(0).name();
            optimiser.restoreSteps(state.optimiserSteps().get(group));
        }
        state.gate().ifPresent(round.learner::restoreGate);
        state.firstAccuracy().ifPresent(round.evaluator::restoreBaseAccuracy);
    }

    private static List<AdamW> optimisers(Round round) {
        List<AdamW> optimisers = new ArrayList<>();
        optimisers.add(round.policyUpdate.optimiser());
        optimisers.addAll(round.learner.optimisers());
        return optimisers;
    }
}

package dev.flipside.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.flipside.config.LoraConfig;
import dev.flipside.config.LoraConfig.Initialisation;
import dev.flipside.config.UserError;
import dev.flipside.engine.Device;
import dev.flipside.engine.ParameterSlot;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Seeds;
import dev.flipside.engine.Tensors;
import dev.flipside.model.family.TensorForm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.StringViewOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A new adapter, which changes nothing yet. By default: A uniform in +-1 / sqrt(in) (PEFT's Kaiming initialisation with
 * a = sqrt(5)), B zero; of embeddings A zero and B normal. The magnitudes of DoRA are the norms of the base's rows,
 * whole modules and biases copies of the base's, biases of B zero.
 *
 * <p>Others, as PEFT has them: gaussian, A normal with standard deviation 1 / r; orthogonal, A and B random with B A =
 * 0; mica, B the left singular vectors of the r smallest singular values, frozen, and A zero; and those of
 * {@link PrincipalParts}.
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
    Lora create(Parameters base, TaskType task, Seeds seeds) {
        List<String> saved = new ArrayList<>(config.modulesToSave());
        if (task == TaskType.SEQ_CLS && !saved.contains("score")) {
            saved.add("score");
        }
        AdapterTargets targets = new AdapterTargets(config, layout, saved, files.directory());
        Path directory = files.directory().toAbsolutePath().normalize();
        ObjectNode json = AdapterConfig.write(config, targets.targetNames(), saved, directory, task);
        AdapterLayout adapter = new AdapterLayout(layout, config, tokens(json), targets);
        requireFitting(adapter);
        // As PEFT sets it for Conv1D.
        json.put("fan_in_fan_out", adapter.linear().stream().anyMatch(m -> m.form() == TensorForm.TRANSPOSED));
        Parameters learns = new Parameters(adapter.slots(true), base.device());
        Parameters frozen = new Parameters(adapter.slots(false), base.device());
        for (int i = 0; i < adapter.linear().size(); i++) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                Tensor weight = weight(adapter.linear().get(i), base);
                fill(adapter, i, weight, learns, frozen, seeds.key(Seeds.Stream.LORA_INITIALISATION, i, 0, 0));
            }
        }
        for (int i = 0; i < adapter.embeddings().size(); i++) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                long key = seeds.key(Seeds.Stream.LORA_INITIALISATION, i, 1, 0);
                fill(adapter.embeddings().get(i), base, learns, frozen, key);
            }
        }
        copyFromBase(adapter, base, learns);
        AdapterDescription description = new AdapterDescription(config, directory, json);
        return new Lora(description, adapter, learns, PrincipalParts.takenOut(adapter, base, frozen));
    }

    private Map<String, long[]> tokens(ObjectNode json) {
        EmbeddingModule embedding = layout.embeddings().get(0);
        return AdapterConfig.tokens(json, embedding.name(), embedding.rows(), "");
    }

    private static Tensor weight(LinearModule module, Parameters base) {
        return base.get(PrincipalParts.slot(module, base)).detach().narrow(0, module.row(), module.rows());
    }

    private void fill(
            AdapterLayout adapter, int number, Tensor weight, Parameters learns, Parameters frozen, long key) {
        LinearModule module = adapter.linear().get(number);
        Tensor a = learns.get(module.name() + AdapterLayout.A);
        String nameOfB = module.name() + AdapterLayout.B;
        Tensor b = (learns.has(nameOfB) ? learns : frozen).get(nameOfB);
        long rank = adapter.rank(module);
        Initialisation kind = config.initLoraWeights();
        switch (kind) {
            case DEFAULT -> {
                double bound = 1 / Math.sqrt(module.columns());
                a.copy_(drawn(a, i -> bound * (2 * Seeds.uniform(key, i) - 1)));
            }
            case GAUSSIAN -> a.copy_(drawn(a, i -> Seeds.normal(key, i) / rank));
            case ORTHOGONAL -> orthogonal(a, b, rank, key);
            case PISSA, OLORA -> {
                PrincipalParts parts = PrincipalParts.of(kind, weight, rank, config.scaling(module.name(), rank));
                a.copy_(parts.a());
                b.copy_(parts.b());
            }
            case MICA -> b.copy_(smallest(weight, rank));
        }
        if (config.useDora()) {
            learns.get(module.name() + AdapterLayout.MAGNITUDE).copy_(LowRank.rowNorms(weight));
        }
    }

    private void fill(EmbeddingModule module, Parameters base, Parameters learns, Parameters frozen, long key) {
        Tensor weight = base.get(module.slot()).detach();
        String name = module.name() + AdapterLayout.EMBEDDING_B;
        Tensor b = (learns.has(name) ? learns : frozen).get(name);
        if (config.initLoraWeights() == Initialisation.MICA) {
            b.copy_(smallest(weight.t(), b.size(1)));
        } else {
            b.copy_(drawn(b, i -> Seeds.normal(key, i)));
        }
        if (config.useDora()) {
            learns.get(module.name() + AdapterLayout.MAGNITUDE).copy_(LowRank.norms(weight, 0));
        }
    }

    private interface Numbers {
        double at(int index);
    }

    private static Tensor drawn(Tensor like, Numbers numbers) {
        double[] values = new double[Math.toIntExact(like.numel())];
        Arrays.setAll(values, numbers::at);
        return Tensors.ofDoubles(values, Device.CPU, like.size(0), like.size(1));
    }

    /** A from the odd rows of a random orthogonal matrix and B from the even ones. */
    private static void orthogonal(Tensor a, Tensor b, long rank, long key) {
        Tensor square = torch.zeros(rank, rank);
        Tensor q = torch.linalg_qr(drawn(square, i -> Seeds.normal(Seeds.key(key, 0), i)))
                .get0();
        Tensor pairs = q.view(rank / 2, 2, rank);
        Tensor left = drawn(torch.zeros(a.size(1), rank / 2), i -> Seeds.normal(Seeds.key(key, 1), i) / 10);
        Tensor right = drawn(torch.zeros(b.size(0), rank / 2), i -> Seeds.normal(Seeds.key(key, 2), i) / 10);
        a.copy_(torch.mm(left, pairs.select(1, 0)).t());
        b.copy_(torch.mm(right, pairs.select(1, 1)));
    }

    /** The left singular vectors of the smallest singular values, [rows, rank]. */
    private static Tensor smallest(Tensor weight, long rank) {
        Tensor left = torch.linalg_svd(weight.contiguous(), false, new StringViewOptional())
                .get0();
        return left.narrow(1, left.size(1) - rank, rank);
    }

    /** Whole modules, rows of tokens, and biases begin as the base's. */
    private static void copyFromBase(AdapterLayout adapter, Parameters base, Parameters learns) {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            for (ParameterSlot slot : learns.slots()) {
                if (base.has(slot.name())) {
                    learns.get(slot.name()).copy_(base.get(slot.name()));
                }
            }
            if (learns.has(WeightLayout.VOCABULARY_HEAD) && !base.has(WeightLayout.VOCABULARY_HEAD)) {
                learns.get(WeightLayout.VOCABULARY_HEAD).copy_(base.get(WeightLayout.EMBEDDING));
            }
            adapter.tokens().forEach((module, ids) -> learns.get(module + AdapterLayout.TOKENS)
                    .copy_(base.get(WeightLayout.EMBEDDING)
                            .index_select(0, Tensors.ofLongs(ids, base.device(), ids.length))));
            for (LinearModule module : adapter.model().linearModules()) {
                String name = module.name() + AdapterLayout.BASE_BIAS;
                if (learns.has(name)) {
                    Tensor bias = base.get(adapter.model().bias(module).orElseThrow());
                    learns.get(name).copy_(bias.narrow(0, module.row(), module.rows()));
                }
            }
        }
    }

    /** What an initialisation cannot begin with. */
    private void requireFitting(AdapterLayout adapter) {
        Initialisation kind = config.initLoraWeights();
        for (LinearModule module : adapter.linear()) {
            requireRank(kind, module.name(), adapter.rank(module), Math.min(module.rows(), module.columns()));
            if (kind == Initialisation.OLORA && module.form() == TensorForm.TRANSPOSED) {
                throw new UserError(
                        "init_lora_weights: olora does not fit " + module.name() + " of " + files.directory()
                                + ", whose weights lie the other way round and which PEFT does not begin so; use pissa.");
            }
            if (kind.changesBase() && module.slot().equals(WeightLayout.VOCABULARY_HEAD) && layout.tiedHead()) {
                throw new UserError(
                        "init_lora_weights: " + AdapterConfig.name(kind) + " would take a part out of the embedding of "
                                + files.directory()
                                + " too, to which its vocabulary head is tied; remove " + module.name()
                                + " from target_modules.");
            }
        }
        for (EmbeddingModule module : adapter.embeddings()) {
            if (config.loraBias()) {
                throw new UserError(
                        "lora_bias: PEFT has none for embeddings; remove " + module.name() + " from target_modules.");
            }
            if (kind == Initialisation.MICA) {
                long rank = adapter.slots(true).stream()
                        .filter(slot -> slot.name().equals(module.name() + AdapterLayout.EMBEDDING_A))
                        .mapToLong(slot -> slot.shape()[0])
                        .sum();
                requireRank(kind, module.name(), rank, Math.min(module.rows(), module.columns()));
            }
        }
        requireTokensAlone(adapter);
    }

    private static void requireRank(Initialisation kind, String module, long rank, long most) {
        boolean decomposes = kind.changesBase() || kind == Initialisation.MICA;
        if (decomposes && rank > most) {
            throw new UserError("init_lora_weights: " + AdapterConfig.name(kind) + " has at most rank " + most + " for "
                    + module + ", not " + rank + "; lower r.");
        }
        if (kind == Initialisation.ORTHOGONAL && rank % 2 != 0) {
            throw new UserError("init_lora_weights: orthogonal needs even ranks, and that of " + module + " is " + rank
                    + "; change r.");
        }
    }

    /** Rows that are trained whole cannot be updated or replaced at the same time. */
    private void requireTokensAlone(AdapterLayout adapter) {
        boolean whole = Stream.of(WeightLayout.EMBEDDING, WeightLayout.VOCABULARY_HEAD)
                .anyMatch(slot -> adapter.replaced().contains(slot));
        boolean updated = !adapter.embeddings().isEmpty()
                || adapter.linear().stream().anyMatch(m -> m.slot().equals(WeightLayout.VOCABULARY_HEAD));
        if (!adapter.tokens().isEmpty() && (whole || updated)) {
            throw new UserError(
                    "trainable_token_indices: target_modules or modules_to_save name the embedding or the vocabulary head too; name them in one place.");
        }
    }
}

package dev.flipside.model;

import dev.flipside.config.LoraConfig;
import dev.flipside.engine.DenseProducts;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import dev.flipside.engine.Tensors;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * An adapter on frozen weights: what learns, and what it makes of a dense layer.
 *
 * <ul>
 *   <li>LoRA (Hu et al., arXiv 2106.09685): y = W x + b + s B A drop(x), which is W + s B A once dropout is off.
 *   <li>DoRA (Liu et al., arXiv 2402.09353, equation 5): W becomes g (W + s B A) with g = m / |W + s B A|, one number a row; the norm is a constant in the gradient (their
 *       section 4.3). With dropout x is dropped in everything but W x, as PEFT does.
 *   <li>Modules that are saved whole take the place of the base's.
 * </ul>
 *
 * <p>Weights carry PEFT's names without their prefix, {@code MODULE.lora_A.weight} [r, in], {@code MODULE.lora_B.weight} [out, r], {@code MODULE.lora_magnitude_vector}
 * [out]. A module may be a part of a slot of the base: queries of the fused slot of queries, keys and values. Lives outside every scope until {@link #close}.
 */
final class Lora implements AutoCloseable {
    static final String A = ".lora_A.weight";
    static final String B = ".lora_B.weight";
    static final String MAGNITUDE = ".lora_magnitude_vector";

    /** One adapted module, in the order of the model. */
    private record Term(
            WeightLayout.LinearModule module,
            int number,
            double scaling,
            Tensor a,
            Tensor b,
            Optional<Tensor> magnitude) {
        /** The module's rows of something that the whole slot has rows of. */
        Tensor rows(Tensor x, long dim) {
            return x.narrow(dim, module.row(), module.rows());
        }
    }

    private final AdapterFiles.Description description;
    private final Parameters parameters;
    private final Map<String, List<Term>> terms = new HashMap<>();
    private final Set<String> replaced;

    /** Row norms of W + s B A by the module's number, which hold for one state of the weights. */
    private final Map<Integer, Tensor> norms = new HashMap<>();

    private long versionOfNorms = -1;

    /**
     * @param description what the adapter's files say beside its weights
     * @param modules the adapted ones, in the order of the model
     * @param parameters the adapter's weights
     */
    Lora(AdapterFiles.Description description, List<WeightLayout.LinearModule> modules, Parameters parameters) {
        this.description = description;
        this.parameters = parameters;
        LoraConfig config = description.lora();
        for (int i = 0; i < modules.size(); i++) {
            WeightLayout.LinearModule module = modules.get(i);
            Tensor a = parameters.get(module.name() + A);
            Optional<Tensor> magnitude =
                    config.useDora() ? Optional.of(parameters.get(module.name() + MAGNITUDE)) : Optional.empty();
            terms.computeIfAbsent(module.slot(), s -> new ArrayList<>())
                    .add(new Term(
                            module, i, config.scaling(a.size(0)), a, parameters.get(module.name() + B), magnitude));
        }
        replaced = parameters.slots().stream()
                .map(Parameters.Slot::name)
                .filter(name -> !name.endsWith(A) && !name.endsWith(B) && !name.endsWith(MAGNITUDE))
                .collect(Collectors.toUnmodifiableSet());
    }

    AdapterFiles.Description description() {
        return description;
    }

    LoraConfig config() {
        return description.lora();
    }

    /** All that learns. */
    Parameters parameters() {
        return parameters;
    }

    /** The slots of the base that the adapter holds its own weights for. */
    Set<String> replaced() {
        return replaced;
    }

    /** The adapted modules, in the order of the model. */
    List<WeightLayout.LinearModule> modules() {
        return terms.values().stream()
                .flatMap(List::stream)
                .sorted(Comparator.comparingInt(Term::number))
                .map(Term::module)
                .toList();
    }

    /** An adapter with weights of its own for the same base. */
    Lora copy() {
        return new Lora(description, modules(), parameters.copy());
    }

    /**
     * Adds the adapter's part to the output of a dense layer, with autograd when grad mode is on.
     *
     * @param slot of the layer's weight
     * @param weight W [O, K]
     * @param bias b [O] or absent
     * @param x [..., K]
     * @param y W x + b [..., O]; overwritten when grad mode is off
     * @return [..., O]
     */
    Tensor forward(String slot, Tensor weight, TensorOptional bias, Tensor x, Tensor y, Optional<LoraDropout> dropout) {
        List<Term> adapted = terms.getOrDefault(slot, List.of());
        if (adapted.isEmpty()) {
            return y;
        }
        if (!GradMode.is_enabled()) {
            for (Term term : adapted) {
                try (Scopes.Frozen scope = Scopes.frozen()) {
                    Tensor part = term.rows(y, -1);
                    part.add_(delta(term, weight, bias, x, part, dropout));
                }
            }
            return y;
        }
        List<Tensor> parts = new ArrayList<>();
        long at = 0;
        for (Term term : adapted) {
            long from = term.module.row();
            if (from > at) {
                parts.add(y.narrow(-1, at, from - at));
            }
            Tensor part = term.rows(y, -1);
            parts.add(part.add(delta(term, weight, bias, x, part, dropout)));
            at = from + term.module.rows();
        }
        if (at < y.size(-1)) {
            parts.add(y.narrow(-1, at, y.size(-1) - at));
        }
        return parts.size() == 1 ? parts.get(0) : torch.cat(new TensorVector(parts.toArray(Tensor[]::new)), -1);
    }

    /** @param part W x + b of the module's rows */
    private Tensor delta(
            Term term, Tensor weight, TensorOptional bias, Tensor x, Tensor part, Optional<LoraDropout> dropout) {
        Tensor dropped = dropout.map(d -> x.mul(d.mask(term.number, x))).orElse(x);
        Tensor update = linear(linear(dropped, term.a), term.b).mul(new Scalar(term.scaling));
        if (term.magnitude.isEmpty()) {
            return update;
        }
        Tensor gain = term.magnitude.get().div(norm(term, weight));
        Tensor plain = part;
        if (dropout.isPresent()) {
            plain = linear(dropped, term.rows(weight, 0));
        } else if (bias.has_value()) {
            plain = part.sub(term.rows(bias.get(), 0));
        }
        return plain.mul(gain.sub(Tensors.scalar(1))).add(update.mul(gain));
    }

    private static Tensor linear(Tensor x, Tensor weight) {
        return GradMode.is_enabled()
                ? torch.linear(x, weight, Tensors.NONE)
                : DenseProducts.linear(x, weight.detach(), Tensors.NONE);
    }

    /** |W + s B A| of each row, [out], without gradient. */
    private synchronized Tensor norm(Term term, Tensor weight) {
        if (versionOfNorms != parameters.version()) {
            releaseNorms();
            versionOfNorms = parameters.version();
        }
        return norms.computeIfAbsent(term.number, n -> {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                return Scopes.keep(rowNorms(updated(term, weight.detach())));
            }
        });
    }

    static Tensor rowNorms(Tensor weight) {
        return torch.linalg_vector_norm(weight, Tensors.scalar(2), new long[] {1}, false, new ScalarTypeOptional());
    }

    /** W + s B A of the module's rows, [out, in]. */
    private static Tensor updated(Term term, Tensor weight) {
        return term.rows(weight, 0).add(torch.mm(term.b.detach(), term.a.detach()), new Scalar(term.scaling));
    }

    /**
     * Adds the gradients of the adapter's weights.
     *
     * @param weight W [O, K]
     * @param x [N, K]
     * @param gradOutput [N, O]
     * @return the gradient for x, through W too, [N, K]
     */
    Tensor backward(String slot, Tensor weight, Tensor x, Tensor gradOutput, Optional<LoraDropout> dropout) {
        List<Term> adapted = terms.getOrDefault(slot, List.of());
        boolean scalesRows = config().useDora() && dropout.isEmpty() && !adapted.isEmpty();
        Tensor throughWeight = gradOutput;
        if (scalesRows) {
            throughWeight = gradOutput.clone();
            for (Term term : adapted) {
                term.rows(throughWeight, 1).mul_(gain(term, weight));
            }
        }
        Tensor gradInput = DenseProducts.gradInput(throughWeight, weight);
        for (Term term : adapted) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                backward(term, weight, x, gradOutput, gradInput, dropout);
            }
        }
        return gradInput;
    }

    private Tensor gain(Term term, Tensor weight) {
        return term.magnitude.orElseThrow().detach().div(norm(term, weight));
    }

    /** One module's share of {@link #backward}; {@code gradInput} receives what goes through the adapter. */
    private void backward(
            Term term, Tensor weight, Tensor x, Tensor gradOutput, Tensor gradInput, Optional<LoraDropout> dropout) {
        Optional<Tensor> mask = dropout.map(d -> d.mask(term.number, x));
        Tensor dropped = mask.map(x::mul).orElse(x);
        Tensor a = term.a.detach();
        Tensor b = term.b.detach();
        Tensor low = DenseProducts.linear(dropped, a, Tensors.NONE);
        Tensor gradPart = term.rows(gradOutput, 1);
        Tensor gradUpdate = gradPart.mul(new Scalar(term.scaling));
        Optional<Tensor> gradPlain = Optional.empty();
        if (term.magnitude.isPresent()) {
            Tensor own = term.rows(weight, 0);
            Tensor made = DenseProducts.linear(dropped, own, Tensors.NONE)
                    .add_(DenseProducts.linear(low, b, Tensors.NONE), new Scalar(term.scaling));
            term.magnitude.get().grad().add_(made.mul_(gradPart).sum(0L).div_(norm(term, weight)));
            Tensor gain = gain(term, weight);
            gradUpdate.mul_(gain);
            gradPlain = mask.map(m -> DenseProducts.gradInput(gradPart.mul(gain.sub(Tensors.scalar(1))), own));
        }
        DenseProducts.addGradWeight(gradUpdate, low, term.b.grad());
        Tensor gradLow = DenseProducts.gradInput(gradUpdate, b);
        DenseProducts.addGradWeight(gradLow, dropped, term.a.grad());
        Tensor gradDropped = DenseProducts.gradInput(gradLow, a);
        gradPlain.ifPresent(gradDropped::add_);
        mask.ifPresent(gradDropped::mul_);
        gradInput.add_(gradDropped);
    }

    /** The weight of a slot with the adapter merged into it, a copy [O, K]; {@code weight} itself where the adapter has no part in it. */
    Tensor merged(String slot, Tensor weight) {
        List<Term> adapted = terms.getOrDefault(slot, List.of());
        if (adapted.isEmpty()) {
            return weight;
        }
        return Scopes.scoped(() -> {
            try (NoGradGuard guard = new NoGradGuard()) {
                Tensor merged = weight.detach().clone();
                for (Term term : adapted) {
                    Tensor updated = updated(term, weight.detach());
                    if (term.magnitude.isPresent()) {
                        updated = updated.mul(gain(term, weight.detach()).unsqueeze(1));
                    }
                    term.rows(merged, 0).copy_(updated);
                }
                return merged;
            }
        });
    }

    /** Takes s B A off weights that it was merged into; LoRA only, DoRA has lost the norms. */
    void unmergeFrom(Parameters merged) {
        terms.forEach((slot, adapted) -> {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                for (Term term : adapted) {
                    term.rows(merged.get(slot), 0).sub_(torch.mm(term.b, term.a), new Scalar(term.scaling));
                }
            }
        });
    }

    private void releaseNorms() {
        norms.values().forEach(Scopes::release);
        norms.clear();
    }

    @Override
    public void close() {
        releaseNorms();
        parameters.close();
    }
}

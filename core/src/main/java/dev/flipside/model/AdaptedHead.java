package dev.flipside.model;

import dev.flipside.engine.DenseProducts;
import dev.flipside.engine.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A vocabulary head with an adapter's update, as one wider matrix: h W^T + s drop(h) A^T B^T is the product of [h,
 * drop(h) A^T] with [W, s B]. With DoRA rows are scaled by g, and where inputs are dropped too, which PEFT does in all
 * but W h, there are three parts: [h, drop(h), drop(h) A^T] and [W, (g - 1) W, g s B]. A bias b of B is one column
 * more: [h, drop(h) A^T, 1] and [W, s B, s b].
 *
 * <p>No matrix as large as the head is made: rows are put together where they are asked for. Rows that are the
 * adapter's own take the place of W's.
 */
final class AdaptedHead implements VocabularyMatrix {
    private final Tensor weight;
    private final Optional<LowRank> update;
    private final Optional<Factor> bias;
    private final Optional<TrainableTokens> tokens;
    private final LowRank.Norms norms;
    private final Optional<LoraDropout> dropout;
    private final long columns;

    /**
     * @param weight W [V, D], a constant
     * @param update of all rows; empty where there is none
     * @param bias of B [V]; never together with magnitudes
     * @param tokens rows that are the adapter's own; never together with an update
     */
    AdaptedHead(
            Tensor weight,
            Optional<LowRank> update,
            Optional<Factor> bias,
            Optional<TrainableTokens> tokens,
            LowRank.Norms norms,
            Optional<LoraDropout> dropout) {
        this.weight = weight;
        this.update = update;
        this.bias = bias;
        this.tokens = tokens;
        this.norms = norms;
        this.dropout = dropout;
        columns = weight.size(1);
    }

    private boolean scaled() {
        return update.flatMap(LowRank::magnitude).isPresent();
    }

    private boolean dropsPlain() {
        return scaled() && dropout.isPresent();
    }

    /** Where the low-rank part of the columns begins. */
    private long lowFrom() {
        return dropsPlain() ? 2 * columns : columns;
    }

    private Tensor dropped(LowRank u, Tensor hidden) {
        return dropout.map(d -> hidden.mul(d.mask(u.number(), hidden))).orElse(hidden);
    }

    @Override
    public Tensor inputs(Tensor hidden) {
        if (update.isEmpty()) {
            return hidden;
        }
        Tensor dropped = dropped(update.get(), hidden);
        Tensor low = DenseProducts.linear(dropped, update.get().a().constant(), Tensors.NONE);
        if (bias.isPresent()) {
            return Tensors.cat(-1, hidden, low, torch.ones_like(low.narrow(-1, 0, 1)));
        }
        return dropsPlain() ? Tensors.cat(-1, hidden, dropped, low) : Tensors.cat(-1, hidden, low);
    }

    @Override
    public Tensor throughInputs(Tensor hidden, Tensor gradInputs) {
        if (update.isEmpty()) {
            return gradInputs;
        }
        LowRank u = update.get();
        Tensor rows = gradInputs.reshape(-1, gradInputs.size(-1));
        Tensor dropped = dropped(u, hidden).reshape(-1, columns);
        Tensor gradLow = rows.narrow(1, lowFrom(), u.a().value().size(0)).contiguous();
        u.a().gradient().ifPresent(sum -> sum.add_(torch.mm(gradLow.t(), dropped)));
        Tensor through = torch.mm(gradLow, u.a().constant());
        if (dropsPlain()) {
            through.add_(rows.narrow(1, columns, columns));
        }
        Tensor gradDropped = through.view_as(hidden);
        dropout.ifPresent(d -> gradDropped.mul_(d.mask(u.number(), hidden)));
        return gradInputs.narrow(-1, 0, columns).add(gradDropped);
    }

    @Override
    public Tensor rows(long from, long count) {
        Tensor own = weight.narrow(0, from, count);
        if (update.isPresent()) {
            return joined(own, part(update.get(), from, count));
        }
        List<Integer> within = within(from, count);
        if (within.isEmpty()) {
            return own;
        }
        Tensor replaced = own.clone();
        for (int i : within) {
            replaced.select(0, tokens.orElseThrow().ids()[i] - from)
                    .copy_(tokens.get().rows().constant().select(0, i));
        }
        return replaced;
    }

    @Override
    public Tensor rows(Tensor ids) {
        if (update.isPresent()) {
            return joined(weight.index_select(0, ids), part(update.get(), ids));
        }
        return new AdaptedEmbedding(Optional.empty(), tokens, (u, w) -> w).lookup(weight, ids);
    }

    /** The rows' own share of an update: of B, and of the gain. */
    private record Part(Tensor scaledB, Optional<Tensor> gain) {
        static Part of(LowRank u, Optional<Factor> bias, Optional<Tensor> gain, UnaryOperator<Tensor> rows) {
            Tensor b = rows.apply(u.b().constant());
            Tensor columns = bias.map(
                            c -> Tensors.cat(1, b, rows.apply(c.constant()).unsqueeze(1)))
                    .orElse(b);
            return new Part(columns.mul(new Scalar(u.scaling())), gain);
        }
    }

    private Part part(LowRank u, long from, long count) {
        return Part.of(
                u,
                bias,
                u.magnitude()
                        .map(m -> u.gain(weight, norms).narrow(0, from, count).unsqueeze(1)),
                x -> x.narrow(0, from, count));
    }

    private Part part(LowRank u, Tensor ids) {
        return Part.of(
                u,
                bias,
                u.magnitude()
                        .map(m -> u.gain(weight, norms).index_select(0, ids).unsqueeze(1)),
                x -> x.index_select(0, ids));
    }

    private Tensor joined(Tensor own, Part part) {
        List<Tensor> parts = new ArrayList<>();
        if (part.gain.isEmpty()) {
            parts.add(own);
            parts.add(part.scaledB);
        } else {
            Tensor gain = part.gain.get();
            if (dropsPlain()) {
                parts.add(own);
                parts.add(own.mul(gain.sub(Tensors.scalar(1))));
            } else {
                parts.add(own.mul(gain));
            }
            parts.add(part.scaledB.mul(gain));
        }
        return torch.cat(new TensorVector(parts.toArray(Tensor[]::new)), -1);
    }

    @Override
    public void addGradient(long from, Tensor gradScores, Tensor inputs) {
        long count = gradScores.size(1);
        if (update.isPresent()) {
            // Without magnitudes only the low-rank columns have a gradient.
            long first = scaled() ? 0 : lowFrom();
            Tensor gradient = torch.mm(gradScores.t(), inputs.narrow(1, first, inputs.size(1) - first));
            LowRank u = update.get();
            u.b().gradient()
                    .map(sum -> sum.narrow(0, from, count))
                    .ifPresent(sum -> sum.add_(gradB(u, part(u, from, count), gradient)));
            bias.flatMap(Factor::gradient)
                    .ifPresent(sum -> sum.narrow(0, from, count).add_(gradBias(u, gradient)));
            u.magnitude().flatMap(Factor::gradient).ifPresent(sum -> sum.narrow(0, from, count)
                    .add_(gradMagnitude(
                            weight.narrow(0, from, count),
                            part(u, from, count),
                            norms.of(u, weight).narrow(0, from, count),
                            gradient)));
            return;
        }
        for (int i : within(from, count)) {
            Tensor column = gradScores.select(1, tokens.orElseThrow().ids()[i] - from);
            tokens.get().rows().gradient().ifPresent(sum -> sum.select(0, i).add_(torch.matmul(column, inputs)));
        }
    }

    @Override
    public void addGradient(Tensor ids, Tensor gradients) {
        if (update.isPresent()) {
            LowRank u = update.get();
            long first = scaled() ? 0 : lowFrom();
            Tensor gradient = gradients.narrow(1, first, gradients.size(1) - first);
            u.b().gradient().ifPresent(sum -> sum.index_add_(0, ids, gradB(u, part(u, ids), gradient)));
            bias.flatMap(Factor::gradient).ifPresent(sum -> sum.index_add_(0, ids, gradBias(u, gradient)));
            u.magnitude()
                    .flatMap(Factor::gradient)
                    .ifPresent(sum -> sum.index_add_(
                            0,
                            ids,
                            gradMagnitude(
                                    weight.index_select(0, ids),
                                    part(u, ids),
                                    norms.of(u, weight).index_select(0, ids),
                                    gradient)));
            return;
        }
        new AdaptedEmbedding(Optional.empty(), tokens, (u, w) -> w).backward(weight, ids, gradients);
    }

    /** @param gradient of the joined rows, without magnitudes of their low-rank columns alone */
    private Tensor gradB(LowRank u, Part part, Tensor gradient) {
        Tensor low = gradient.narrow(1, scaled() ? lowFrom() : 0, u.a().value().size(0));
        Tensor grad = low.mul(new Scalar(u.scaling()));
        return part.gain.map(grad::mul).orElse(grad);
    }

    /** @param gradient of the low-rank columns and the bias behind them */
    private static Tensor gradBias(LowRank u, Tensor gradient) {
        return gradient.select(1, gradient.size(1) - 1).mul(new Scalar(u.scaling()));
    }

    /** Of rows, from the gradient of the joined rows: what the gain multiplies, over the norm. */
    private Tensor gradMagnitude(Tensor own, Part part, Tensor rowNorms, Tensor gradient) {
        Tensor plain = gradient.narrow(1, dropsPlain() ? columns : 0, columns);
        Tensor low = gradient.narrow(1, lowFrom(), gradient.size(1) - lowFrom());
        return plain.mul(own).sum(1L).add(low.mul(part.scaledB).sum(1L)).div(rowNorms);
    }

    /** Which of the adapter's own rows stand in a range. */
    private List<Integer> within(long from, long count) {
        List<Integer> found = new ArrayList<>();
        long[] ids = tokens.map(TrainableTokens::ids).orElse(new long[0]);
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] >= from && ids[i] < from + count) {
                found.add(i);
            }
        }
        return found;
    }
}

package dev.flipside.model;

import dev.flipside.engine.Scopes;
import java.util.Optional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A lookup table with an update: rows of W + s (B A)^T, with DoRA each column scaled to a magnitude; or with some of
 * its rows replaced.
 *
 * <p>PEFT drops nothing here in training.
 *
 * @param update of all rows; empty where there is none
 * @param tokens rows that are the adapter's own; empty where there are none
 */
record AdaptedEmbedding(Optional<Update> update, Optional<TrainableTokens> tokens, Norms norms) {
    /** Norms of the columns of W + s (B A)^T [columns], which hold for one state of the weights. */
    @FunctionalInterface
    interface Norms {
        Tensor of(Update update, Tensor weight);
    }

    /**
     * @param name of the module
     * @param a [r, rows]
     * @param b [columns, r]
     * @param magnitude [columns]
     */
    record Update(String name, double scaling, Factor a, Factor b, Optional<Factor> magnitude) {
        /** W + s (B A)^T, without gradient. */
        Tensor updated(Tensor weight) {
            return weight.detach()
                    .to(ScalarType.Float)
                    .add(torch.mm(a.constant().t(), b.constant().t()), new Scalar(scaling));
        }

        /** Takes s (B A)^T off a table that it was merged into. */
        void subtractFrom(Tensor merged) {
            merged.sub_(torch.mm(a.constant().t(), b.constant().t()), new Scalar(scaling));
        }

        /** [columns], outside every scope. */
        Tensor norms(Tensor weight) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                return Scopes.keep(LowRank.norms(updated(weight), 0));
            }
        }
    }

    /**
     * The rows of some ids, with autograd when grad mode is on.
     *
     * @param ids int64 [...]
     * @return [..., columns]
     */
    Tensor lookup(Tensor weight, Tensor ids) {
        Tensor found = torch.embedding(weight, ids);
        if (update.isPresent()) {
            Update u = update.get();
            Tensor low = torch.embedding(u.a.value().t(), ids);
            found = found.add(torch.matmul(low, u.b.value().t()), new Scalar(u.scaling));
            if (u.magnitude.isPresent()) {
                found = found.mul(u.magnitude.get().value().div(norms.of(u, weight)));
            }
        }
        return tokens.isPresent() ? replaced(found, ids, tokens.get()) : found;
    }

    private static Tensor replaced(Tensor found, Tensor ids, TrainableTokens tokens) {
        Tensor place = tokens.places(ids);
        Tensor own = torch.embedding(tokens.rows().value(), place.clamp_min(new Scalar(0L)));
        return torch.where(place.ge(new Scalar(0L)).unsqueeze(-1), own, found);
    }

    /**
     * Adds the gradients of the update.
     *
     * @param ids int64 [N]
     * @param gradRows [N, columns]
     */
    void backward(Tensor weight, Tensor ids, Tensor gradRows) {
        Tensor grad = gradRows;
        if (tokens.isPresent()) {
            grad = throughTokens(ids, gradRows, tokens.get());
        }
        if (update.isPresent()) {
            throughUpdate(weight, ids, grad, update.get());
        }
    }

    private static Tensor throughTokens(Tensor ids, Tensor gradRows, TrainableTokens tokens) {
        Tensor place = tokens.places(ids);
        Tensor here = place.ge(new Scalar(0L)).unsqueeze(-1);
        tokens.rows()
                .gradient()
                .ifPresent(sum -> sum.index_add_(0, place.clamp_min(new Scalar(0L)), gradRows.mul(here)));
        return gradRows.masked_fill(here, new Scalar(0.0));
    }

    private void throughUpdate(Tensor weight, Tensor ids, Tensor gradRows, Update u) {
        Tensor low = torch.embedding(u.a.constant().t(), ids);
        Tensor grad = gradRows;
        if (u.magnitude.isPresent()) {
            Tensor columns = norms.of(u, weight);
            Tensor made = torch.embedding(weight.detach(), ids)
                    .add(torch.mm(low, u.b.constant().t()), new Scalar(u.scaling));
            u.magnitude
                    .get()
                    .gradient()
                    .ifPresent(sum -> sum.add_(made.mul(gradRows).sum(0L).div_(columns)));
            grad = gradRows.mul(u.magnitude.get().constant().div(columns));
        }
        Tensor scaled = grad.mul(new Scalar(u.scaling));
        u.b.gradient().ifPresent(sum -> sum.add_(torch.mm(scaled.t(), low)));
        Tensor gradLow = torch.mm(scaled, u.b.constant());
        u.a.gradient().ifPresent(sum -> sum.index_add_(1, ids, gradLow.t()));
    }

    /** The whole table, a copy without gradient. */
    Tensor merged(Tensor weight) {
        return Scopes.scoped(() -> {
            try (NoGradGuard guard = new NoGradGuard()) {
                Tensor merged = update.map(u -> u.updated(weight))
                        .orElseGet(() -> weight.detach().clone());
                update.flatMap(Update::magnitude)
                        .ifPresent(m -> merged.mul_(m.constant().div(norms.of(update.get(), weight))));
                tokens.ifPresent(
                        t -> merged.index_copy_(0, t.indices(), t.rows().constant()));
                return merged;
            }
        });
    }
}

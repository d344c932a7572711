package dev.flipside.model;

import dev.flipside.config.LoraConfig;
import dev.flipside.config.LoraConfig.Initialisation;
import dev.flipside.engine.ParameterSlot;
import dev.flipside.engine.Parameters;
import dev.flipside.engine.Scopes;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StringViewOptional;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * What an adapter begins as where that is a part of the weight that it adapts: W = (W - s B A) + s B A. The part is a
 * function of W, so that a saved adapter needs no more than its base.
 *
 * <ul>
 *   <li>PiSSA (Meng et al., arXiv 2404.02948): the r largest singular values, each root going to A and to B.
 *   <li>OLoRA (Büyükakyüz, arXiv 2406.01775): the first r columns of Q and rows of R in W = Q R.
 * </ul>
 *
 * @param a [r, in]
 * @param b [out, r]
 */
record PrincipalParts(Tensor a, Tensor b) {
    /** Of a weight [out, in]; in the caller's scope. */
    static PrincipalParts of(Initialisation initialisation, Tensor weight, long rank, double scaling) {
        if (initialisation == Initialisation.OLORA) {
            T_TensorTensor_T qr = torch.linalg_qr(weight.contiguous());
            return new PrincipalParts(qr.get1().narrow(0, 0, rank), qr.get0().narrow(1, 0, rank));
        }
        T_TensorTensorTensor_T svd = torch.linalg_svd(weight.contiguous(), false, new StringViewOptional());
        Tensor roots = svd.get1().narrow(0, 0, rank).div(new Scalar(scaling)).sqrt();
        return new PrincipalParts(
                svd.get2().narrow(0, 0, rank).mul(roots.unsqueeze(1)),
                svd.get0().narrow(1, 0, rank).mul(roots));
    }

    /** W - s B A, in place. */
    void takeOut(Tensor weight, double scaling) {
        weight.sub_(torch.mm(b, a), new Scalar(scaling));
    }

    /**
     * The frozen weights of an adapter, with the base's weights without the parts that it began as where its
     * initialisation took them out.
     *
     * @param kept frozen weights that the adapter's file holds, and that it may hold in the base's place; taken over
     */
    static Parameters takenOut(AdapterLayout adapter, Parameters base, Parameters kept) {
        LoraConfig config = adapter.config();
        if (!config.initLoraWeights().changesBase()) {
            return kept;
        }
        List<ParameterSlot> slots = new ArrayList<>(kept.slots());
        List<LinearModule> modules = adapter.linear().stream()
                .filter(module -> !kept.has(slot(module, base)))
                .toList();
        Set<String> changed = new LinkedHashSet<>();
        modules.forEach(module -> changed.add(slot(module, base)));
        base.slots().stream().filter(slot -> changed.contains(slot.name())).forEach(slots::add);
        Parameters all = new Parameters(slots, base.device());
        try (Scopes.Frozen scope = Scopes.frozen()) {
            kept.slots().forEach(slot -> all.get(slot.name()).copy_(kept.get(slot.name())));
            changed.forEach(slot -> all.get(slot).copy_(base.get(slot)));
        }
        for (LinearModule module : modules) {
            try (Scopes.Frozen scope = Scopes.frozen()) {
                Tensor own = all.get(slot(module, base)).narrow(0, module.row(), module.rows());
                long rank = adapter.rank(module);
                double scaling = config.scaling(module.name(), rank);
                of(config.initLoraWeights(), own, rank, scaling).takeOut(own, scaling);
            }
        }
        kept.close();
        return all;
    }

    /** A tied head's weight is the base's embedding. */
    static String slot(LinearModule module, Parameters base) {
        return base.has(module.slot()) ? module.slot() : WeightLayout.EMBEDDING;
    }
}

package dev.flipside.engine;

import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** What happens to a {@link MatrixProduct} before it is stored. */
public final class Epilogue {
    /** It replaces what was there. */
    public static final Epilogue NONE = new Epilogue(Kind.NONE, Optional.empty());

    /** It is added to what was there. */
    public static final Epilogue ACCUMULATE = new Epilogue(Kind.ACCUMULATE, Optional.empty());

    /** x sigmoid(x). */
    public static final Epilogue SWISH = new Epilogue(Kind.SWISH, Optional.empty());

    enum Kind {
        NONE,
        ACCUMULATE,
        SWISH,
        TIMES
    }

    private final Kind kind;
    private final Optional<Tensor> factor;

    private Epilogue(Kind kind, Optional<Tensor> factor) {
        this.kind = kind;
        this.factor = factor;
    }

    Kind kind() {
        return kind;
    }

    /** Of {@link Kind#TIMES}. */
    Optional<Tensor> factor() {
        return factor;
    }

    /**
     * Every element is multiplied by that of a tensor of the product's shape and order in memory, which must outlive it
     * and share no memory with the product: partial sums may be written there first.
     */
    public static Epilogue times(Tensor factor) {
        return new Epilogue(Kind.TIMES, Optional.of(factor));
    }
}

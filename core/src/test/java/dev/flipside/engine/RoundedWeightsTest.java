package dev.flipside.engine;

import static dev.flipside.engine.MatrixProductTest.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Matrices of bfloat16: where they come from, and products with them. */
class RoundedWeightsTest {
    /**
     * Sums of at most 576 products of numbers below a half, in another order: nothing but the weight may be rounded,
     * which alone would be 1e-2.
     */
    private static final double ROUNDING = 2e-5;

    private static final List<ParameterSlot> SLOTS =
            List.of(new ParameterSlot("matrix", 5, 3), new ParameterSlot("vector", 7), new ParameterSlot("row", 1, 9));

    @BeforeAll
    static void load() {
        NativeLibrary.load();
        assertThat(MatrixProduct.available()).isTrue();
    }

    private static void assertEqual(Tensor actual, Tensor expected) {
        assertThat(actual.scalar_type().intern()).isEqualTo(ScalarType.Float);
        assertThat(torch.allclose(actual, expected, 0, ROUNDING, false)).isTrue();
    }

    /** Few and many rows; widths that oneDNN has fast kernels for, that it has none for, and narrower than those. */
    @ParameterizedTest
    @CsvSource({
        "1,576,64",
        "8,33,24",
        "300,576,40",
        "512,64,37",
        "64,40,70",
        "5,72,8",
        "3,20,70",
        "7,9,5",
        "2,1,1",
        "64,35,8",
        "9,70,1",
        "0,8,8"
    })
    void aDenseLayerMultipliesWhatItsWeightIs(long rows, long inputs, long outputs) {
        try (PointerScope scope = new PointerScope()) {
            Tensor x = random(rows, inputs);
            // Rows of a larger matrix, as those of a block of the vocabulary.
            Tensor weight = random(outputs + 3, inputs).to(ScalarType.BFloat16).narrow(0, 2, outputs);
            Tensor values = weight.to(ScalarType.Float);
            Tensor bias = random(outputs);
            assertEqual(
                    DenseProducts.linear(x, weight, Tensors.NONE),
                    torch.mm(x, values.t()).contiguous());
            assertEqual(
                    DenseProducts.linear(x.unsqueeze(0), weight, new TensorOptional(bias)),
                    torch.mm(x, values.t()).add(bias).unsqueeze(0));
            Tensor gradient = random(rows, outputs);
            assertEqual(DenseProducts.gradInput(gradient, weight), torch.mm(gradient, values));
        }
    }

    /**
     * Every way in which a weight lies, over sizes around those of the kernels' blocks: oneDNN was found to multiply
     * wrongly where the shape is none that is let through.
     */
    @Test
    void everyShapeThatIsLetThrough() {
        for (long rows : new long[] {1, 3, 8, 65}) {
            for (long inputs : new long[] {8, 16, 24, 56, 64, 72, 136, 520}) {
                for (long outputs : new long[] {8, 24, 40, 64, 72, 128, 136, 520}) {
                    try (PointerScope scope = new PointerScope()) {
                        Tensor x = random(rows, inputs);
                        Tensor turned =
                                random(outputs, inputs).to(ScalarType.BFloat16).t();
                        Tensor part = random(inputs, outputs + 3)
                                .to(ScalarType.BFloat16)
                                .narrow(1, 1, outputs);
                        for (Tensor weight : new Tensor[] {turned, turned.contiguous(), part}) {
                            Tensor into = random(rows, outputs + 5).narrow(1, 2, outputs);
                            MatrixProduct.multiply(x, weight, into, Epilogue.NONE);
                            assertEqual(into, torch.mm(x, weight.to(ScalarType.Float)));
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"32,48,false", "40,64,true", "30,48,true", "32,50,true", "6,5,false"})
    void aPackedWeightToo(long outputs, long inputs, boolean biased) {
        try (PointerScope scope = new PointerScope()) {
            Tensor weight = random(outputs, inputs).to(ScalarType.BFloat16);
            Tensor bias = random(outputs);
            for (long rows : new long[] {1, 4, 19}) {
                Tensor x = random(rows, inputs);
                Tensor expected = torch.mm(x, weight.to(ScalarType.Float).t());
                if (biased) {
                    expected = expected.add(bias);
                }
                Tensor factor = random(rows, outputs);
                Tensor into = random(rows, outputs);
                Tensor sum = into.add(expected);
                try (PackedWeight packed =
                        new PackedWeight(weight, biased ? new TensorOptional(bias) : Tensors.NONE, 4)) {
                    assertRun(packed, x, into, Epilogue.ACCUMULATE, sum);
                    assertRun(packed, x, into, Epilogue.NONE, expected);
                    assertRun(packed, x, into, Epilogue.SWISH, torch.silu(expected));
                    assertRun(packed, x, into, Epilogue.times(factor), expected.mul(factor));
                }
            }
        }
    }

    private static void assertRun(PackedWeight packed, Tensor x, Tensor into, Epilogue epilogue, Tensor expected) {
        try (MatrixProduct product = packed.product(x, into, epilogue)) {
            product.run();
        }
        assertEqual(into, expected);
    }

    /** A product that is kept for one type must not be run on the other's memory. */
    @Test
    void bothTypesOfOneShapeTakeTurns() {
        try (PointerScope scope = new PointerScope()) {
            for (int round = 0; round < 3; round++) {
                Tensor x = random(6, 24);
                Tensor weight = random(16, 24);
                Tensor rounded = weight.to(ScalarType.BFloat16);
                assertEqual(DenseProducts.linear(x, weight, Tensors.NONE), torch.mm(x, weight.t()));
                assertEqual(
                        DenseProducts.linear(x, rounded, Tensors.NONE),
                        torch.mm(x, rounded.to(ScalarType.Float).t()));
            }
        }
    }

    @Test
    void onlyTheSecondMatrixMayBeRounded() {
        try (PointerScope scope = new PointerScope()) {
            Tensor a = random(4, 8);
            Tensor b = random(8, 16);
            Tensor into = torch.empty(4, 16);
            for (Tensor[] wrong : new Tensor[][] {
                {a.to(ScalarType.BFloat16), b, into},
                {a, b, into.to(ScalarType.BFloat16)},
                {a, b.narrow(1, 0, 12).to(ScalarType.BFloat16), into.narrow(1, 0, 12)},
                {a.narrow(1, 0, 5), b.narrow(0, 0, 5).to(ScalarType.BFloat16), into},
                {a.unsqueeze(0), b.to(ScalarType.BFloat16).unsqueeze(0), into.unsqueeze(0)}
            }) {
                assertThatThrownBy(() -> MatrixProduct.multiply(wrong[0], wrong[1], wrong[2], Epilogue.NONE))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("float32");
            }
        }
    }

    @Test
    void roundedMatricesFollowTheWeights() {
        try (Parameters weights = new Parameters(SLOTS, Device.CPU);
                Scopes.Frozen scope = Scopes.frozen()) {
            for (int change = 0; change < 3; change++) {
                weights.flat().copy_(random(weights.flat().numel()));
                Tensor matrix = weights.get("matrix");
                assertThat(weights.rounded("matrix").equal(matrix.to(ScalarType.BFloat16)))
                        .isTrue();
                // The same memory each time: who prepared a product with it need not do so again.
                assertThat(weights.rounded("matrix").data_ptr().address())
                        .isEqualTo(weights.rounded("matrix").data_ptr().address());
            }
            weights.get("matrix").fill_(Tensors.scalar(0.3));
            assertThat(weights.rounded("matrix").select(0, 0).select(0, 0).item_double())
                    .isEqualTo(0.30078125);
            assertThat(weights.rounded("vector").equal(weights.get("vector"))).isTrue();
            assertThat(weights.rounded("row").equal(weights.get("row"))).isTrue();
        }
    }

    @Test
    void whatNeverLearnsIsHeldRounded() {
        try (Parameters weights = Parameters.constant(SLOTS, Device.CPU);
                Scopes.Frozen scope = Scopes.frozen()) {
            Tensor values = random(5, 3);
            long version = weights.version();
            weights.get("matrix").copy_(values);
            weights.get("vector").fill_(Tensors.scalar(0.3));
            assertThat(weights.version()).isGreaterThan(version);
            assertThat(weights.get("matrix").equal(values.to(ScalarType.BFloat16)))
                    .isTrue();
            assertThat(weights.rounded("matrix").equal(weights.get("matrix"))).isTrue();
            assertThat(weights.get("vector").scalar_type().intern()).isEqualTo(ScalarType.Float);
            assertThat(weights.get("row").scalar_type().intern()).isEqualTo(ScalarType.Float);
            assertThat(weights.elements()).isEqualTo(31);
            try (Parameters copy = weights.copy()) {
                weights.get("matrix").fill_(Tensors.scalar(Double.NaN));
                assertThat(copy.get("matrix").equal(values.to(ScalarType.BFloat16)))
                        .isTrue();
                assertThat(copy.get("vector").equal(weights.get("vector"))).isTrue();
                assertThat(copy.firstNonFiniteWeight()).isEmpty();
            }
            assertThat(weights.firstNonFiniteWeight()).contains("matrix");
            assertThatThrownBy(weights::train)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("never learn");
            assertThatThrownBy(weights::flat).isInstanceOf(IllegalStateException.class);
            try (Parameters others = new Parameters(SLOTS, Device.CPU)) {
                assertThatThrownBy(() -> others.copyFrom(weights)).isInstanceOf(IllegalArgumentException.class);
            }
        }
    }
}

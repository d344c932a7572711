package dev.flipside.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** oneDNN's products against torch's. */
class MatrixProductTest {
    /** Sums of at most 70 products of numbers below a half, in another order. */
    private static final double ROUNDING = 1e-5;

    @BeforeAll
    static void load() {
        NativeLibrary.load();
        assertThat(MatrixProduct.available()).isTrue();
    }

    /** Numbers below a half. */
    static Tensor random(long... shape) {
        return torch.rand(shape, Device.CPU.options(ScalarType.Float)).sub_(Tensors.scalar(0.5));
    }

    private static void assertEqual(Tensor actual, Tensor expected) {
        assertThat(torch.allclose(actual, expected, 0, ROUNDING, false)).isTrue();
    }

    @Test
    void matricesInAnyOrderOfMemory() {
        try (PointerScope scope = new PointerScope()) {
            Tensor a = random(7, 33);
            Tensor b = random(33, 70);
            Tensor into = torch.full_like(random(7, 70), Tensors.scalar(Double.NaN));
            MatrixProduct.multiply(a, b, into, Epilogue.NONE);
            assertEqual(into, torch.mm(a, b));
            Tensor columns = random(33, 7).t();
            MatrixProduct.multiply(columns, b, into, Epilogue.NONE);
            assertEqual(into, torch.mm(columns, b));
            Tensor turned = random(70, 33);
            MatrixProduct.multiply(a, turned.t(), into, Epilogue.NONE);
            assertEqual(into, torch.mm(a, turned.t()));
            // A part of wider rows, into a part of wider rows.
            Tensor wide = random(7, 50);
            Tensor target = torch.zeros(7, 100);
            MatrixProduct.multiply(wide.narrow(1, 9, 33), b, target.narrow(1, 20, 70), Epilogue.NONE);
            assertEqual(target.narrow(1, 20, 70), torch.mm(wide.narrow(1, 9, 33), b));
            assertThat(target.narrow(1, 0, 20).abs().max().item_double()).isZero();
            assertThat(target.narrow(1, 90, 10).abs().max().item_double()).isZero();
        }
    }

    /** Few columns into a part of wider rows, where a library may take one for a vector. */
    @ParameterizedTest
    @CsvSource({"1, 8, 1", "8, 1, 1", "8, 24, 1", "64, 64, 1", "8, 24, 2", "65, 33, 3"})
    void fewColumnsThatLieApart(long rows, long inputs, long columns) {
        try (PointerScope scope = new PointerScope()) {
            Tensor a = random(rows, inputs);
            Tensor b = random(inputs, columns);
            Tensor wide = random(rows, 33);
            Tensor before = wide.clone();
            Tensor into = wide.narrow(1, 30, columns);
            MatrixProduct.multiply(a, b, into, Epilogue.NONE);
            assertEqual(into, torch.mm(a, b));
            MatrixProduct.multiply(a, b, into, Epilogue.ACCUMULATE);
            assertEqual(into, torch.mm(a, b).mul(Tensors.scalar(2)));
            try (MatrixProduct kept = MatrixProduct.of(a, b, into, Epilogue.NONE)) {
                kept.run();
            }
            assertEqual(into, torch.mm(a, b));
            assertThat(torch.equal(wide.narrow(1, 0, 30), before.narrow(1, 0, 30)))
                    .isTrue();
            assertThat(torch.equal(
                            wide.narrow(1, 30 + columns, 3 - columns), before.narrow(1, 30 + columns, 3 - columns)))
                    .isTrue();
        }
    }

    /** A product that was prepared for other memory of the same shapes. */
    @Test
    void aKeptProductMultipliesWhatItIsGivenNow() {
        try (PointerScope scope = new PointerScope()) {
            for (int round = 0; round < 3; round++) {
                Tensor a = random(6, 19);
                Tensor b = random(19, 22);
                Tensor factor = random(6, 22);
                Tensor product = torch.mm(a, b);
                Tensor into = random(6, 22);
                Tensor sum = into.add(product);
                MatrixProduct.multiply(a, b, into, Epilogue.ACCUMULATE);
                assertEqual(into, sum);
                MatrixProduct.multiply(a, b, into, Epilogue.SWISH);
                assertEqual(into, product.mul(product.sigmoid()));
                MatrixProduct.multiply(a, b, into, Epilogue.times(factor));
                assertEqual(into, product.mul(factor));
                MatrixProduct.multiply(a, b, into, Epilogue.NONE);
                assertEqual(into, product);
            }
        }
    }

    @Test
    void moreShapesThanAreKept() {
        for (int round = 0; round < 2; round++) {
            for (int rows = 1; rows <= 300; rows++) {
                try (PointerScope scope = new PointerScope()) {
                    Tensor a = random(rows, 5);
                    Tensor b = random(5, 3);
                    Tensor into = torch.empty(rows, 3);
                    MatrixProduct.multiply(a, b, into, Epilogue.NONE);
                    assertEqual(into, torch.mm(a, b));
                }
            }
        }
    }

    /** Of the shape of a kept product: the address of other numbers must not reach the library. */
    @Test
    void otherNumbersOfTheSameShapeAreRefused() {
        try (PointerScope scope = new PointerScope()) {
            Tensor a = random(4, 13);
            Tensor b = random(13, 6);
            Tensor into = torch.empty(4, 6);
            MatrixProduct.multiply(a, b, into, Epilogue.NONE);
            for (Tensor[] wrong : new Tensor[][] {
                {a.to(ScalarType.Double), b, into},
                {a, b.to(ScalarType.BFloat16), into},
                {a, b, into.to(ScalarType.Double)}
            }) {
                assertThatThrownBy(() -> MatrixProduct.multiply(wrong[0], wrong[1], wrong[2], Epilogue.NONE))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("float32");
            }
        }
    }

    @Test
    void batches() {
        try (PointerScope scope = new PointerScope()) {
            Tensor a = random(5, 6, 8);
            Tensor b = random(5, 9, 8);
            Tensor into = torch.zeros(5, 6, 9);
            MatrixProduct.multiply(a, b.transpose(1, 2), into, Epilogue.NONE);
            assertEqual(into, torch.bmm(a, b.transpose(1, 2)));
            Tensor back = torch.ones(5, 9, 8);
            MatrixProduct.multiply(into.transpose(1, 2), a, back, Epilogue.ACCUMULATE);
            assertEqual(back, torch.bmm(into.transpose(1, 2), a).add(torch.ones(5, 9, 8)));
        }
    }

    @Test
    void epilogues() {
        try (PointerScope scope = new PointerScope()) {
            Tensor a = random(4, 20);
            Tensor b = random(20, 30);
            Tensor plain = torch.mm(a, b);
            Tensor sum = random(4, 30);
            Tensor expected = sum.add(plain);
            MatrixProduct.multiply(a, b, sum, Epilogue.ACCUMULATE);
            assertEqual(sum, expected);
            Tensor into = torch.zeros(4, 30);
            MatrixProduct.multiply(a, b, into, Epilogue.SWISH);
            assertEqual(into, torch.silu(plain));
            Tensor factor = random(4, 30);
            MatrixProduct.multiply(a, b, into, Epilogue.times(factor));
            assertEqual(into, plain.mul(factor));
            // oneDNN may write partial sums of a wide product where it ends before it reads the factor.
            assertThatThrownBy(() -> MatrixProduct.multiply(a, b, factor, Epilogue.times(factor)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("memory");
        }
    }

    @Test
    void aPreparedProductSeesWhatTheTensorsHoldWhenItRuns() {
        try (PointerScope scope = new PointerScope()) {
            Tensor a = torch.zeros(3, 4);
            Tensor b = random(4, 5);
            Tensor into = torch.zeros(3, 5);
            try (MatrixProduct product = MatrixProduct.of(a, b, into, Epilogue.NONE)) {
                a.copy_(random(3, 4));
                product.run();
                assertEqual(into, torch.mm(a, b));
                a.mul_(Tensors.scalar(2));
                product.run();
                assertEqual(into, torch.mm(a, b));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1,70", "2,70", "7,70", "32,70", "3,5000"})
    void packedWeights(int rows, int outputs) {
        try (PointerScope scope = new PointerScope()) {
            Tensor weight = random(outputs, 33);
            Tensor bias = random(outputs);
            Tensor input = random(rows, 33);
            Tensor into = torch.zeros(rows, outputs);
            // Packed for other numbers of rows too.
            for (int packedFor : new int[] {rows, 5}) {
                try (PackedWeight plain = new PackedWeight(weight, Tensors.NONE, packedFor);
                        PackedWeight biased = new PackedWeight(weight, new TensorOptional(bias), packedFor);
                        MatrixProduct first = plain.product(input, into, Epilogue.NONE);
                        MatrixProduct second = biased.product(input, into, Epilogue.ACCUMULATE)) {
                    first.run();
                    assertEqual(into, torch.mm(input, weight.t()));
                    second.run();
                    assertEqual(
                            into,
                            torch.mm(input, weight.t()).mul(Tensors.scalar(2)).add(bias));
                }
            }
        }
    }

    @Test
    void denseLayers() {
        try (Scopes.Frozen scope = Scopes.frozen()) {
            Tensor x = random(2, 5, 12);
            Tensor weight = random(9, 12);
            Tensor bias = random(9);
            assertEqual(
                    DenseProducts.linear(x, weight, new TensorOptional(bias)),
                    torch.linear(x, weight, new TensorOptional(bias)));
            Tensor gradOutput = random(10, 9);
            Tensor rows = x.view(10, 12);
            assertEqual(DenseProducts.gradInput(gradOutput, weight), torch.mm(gradOutput, weight));
            Tensor gradWeight = torch.ones(9, 12);
            DenseProducts.addGradWeight(gradOutput, rows, gradWeight);
            assertEqual(gradWeight, torch.mm(gradOutput.t(), rows).add(torch.ones(9, 12)));
            // What oneDNN does not take goes to torch.
            Tensor doubles = x.to(ScalarType.Double);
            assertThat(DenseProducts.linear(doubles, weight.to(ScalarType.Double), Tensors.NONE)
                            .scalar_type()
                            .intern())
                    .isEqualTo(ScalarType.Double);
        }
    }

    /** What would be a crash is an exception. */
    @Test
    void otherShapesAreRefused() {
        try (PointerScope scope = new PointerScope();
                PackedWeight packed = new PackedWeight(random(4, 3), Tensors.NONE, 2)) {
            Tensor into = random(2, 4);
            for (Tensor[] wrong : new Tensor[][] {
                {random(2, 3), random(4, 4), into},
                {random(2, 3), random(3, 5), into},
                {random(1, 3), random(3, 4), into},
                {random(2, 2, 3), random(3, 4), into},
                {random(2, 2, 3), random(3, 3, 4), random(2, 2, 4)}
            }) {
                assertThatThrownBy(() -> MatrixProduct.multiply(wrong[0], wrong[1], wrong[2], Epilogue.NONE))
                        .isInstanceOf(IllegalArgumentException.class);
            }
            assertThatThrownBy(() -> packed.product(random(2, 4), into, Epilogue.NONE))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> packed.product(random(3, 3), into, Epilogue.NONE))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> MatrixProduct.multiply(
                            random(2, 3).to(ScalarType.Double), random(3, 4), into, Epilogue.NONE))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() ->
                            MatrixProduct.multiply(random(2, 3), random(3, 4), into, Epilogue.times(random(2, 3))))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}

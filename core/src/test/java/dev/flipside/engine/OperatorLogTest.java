package dev.flipside.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class OperatorLogTest {
    @BeforeAll
    static void load() {
        NativeLibrary.load();
    }

    @Test
    void operatorsAndPlacesAreSeen() {
        try (PointerScope scope = new PointerScope();
                OperatorLog log = new OperatorLog()) {
            Tensor there = Tensors.ofFloats(new float[] {1, 2, 3, 4}, OperatorLog.DEVICE, 2, 2);
            Tensor here = Tensors.ofFloats(new float[] {1, 0, 0, 1}, Device.CPU, 2, 2);
            assertThat(log.outer(OperatorLog.Call::uploads))
                    .extracting(OperatorLog.Call::name)
                    .containsExactly("to");
            Tensor product = torch.mm(there, there).t();
            assertThat(log.launches()).as("the upload and the product").isEqualTo(2);
            assertThat(log.outer(OperatorLog.Call::reads)).isEmpty();
            assertThat(Tensors.toFloats(product)).containsExactly(7, 15, 10, 22);
            assertThat(log.outer(OperatorLog.Call::reads)).hasSize(1);
            assertThat(log.outer(OperatorLog.Call::mixes)).isEmpty();
            torch.mm(here, product);
            assertThat(log.outer(OperatorLog.Call::mixes))
                    .extracting(OperatorLog.Call::name)
                    .containsExactly("mm");
            torch.mm(here, here);
            assertThat(log.outer(OperatorLog.Call::onHost))
                    .extracting(OperatorLog.Call::name)
                    .containsExactly("mm");
            there.sum().item_double();
            assertThat(log.outer(OperatorLog.Call::reads)).hasSize(2);
        }
    }
}

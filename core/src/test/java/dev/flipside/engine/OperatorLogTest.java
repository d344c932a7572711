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
    void operatorsAndDevicesAreSeen() {
        Device meta = new Device("meta");
        try (PointerScope scope = new PointerScope();
                OperatorLog log = new OperatorLog()) {
            Tensor a = Tensors.ofFloats(new float[] {1, 2, 3, 4}, meta, 2, 2);
            Tensor b = torch.mm(a, a).view(4);
            assertThat(b.numel()).isEqualTo(4);
            assertThat(log.outer(c -> c.uploads("meta"))).hasSize(1);
            assertThat(log.outer(OperatorLog.Call::computes)).extracting(OperatorLog.Call::name).contains("mm");
        }
    }
}

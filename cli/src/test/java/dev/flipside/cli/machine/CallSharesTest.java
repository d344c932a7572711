package dev.flipside.cli.machine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flipside.cli.machine.CallProfile.Frame;
import dev.flipside.cli.machine.CallProfile.Kind;
import dev.flipside.cli.machine.CallProfile.Sample;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class CallSharesTest {
    private static final Frame PRODUCT = new Frame("org.bytedeco.dnnl.global.dnnl", "dnnl_primitive_execute");
    private static final Frame TORCH_PRODUCT = new Frame("org.bytedeco.pytorch.global.torch", "mm_out");
    private static final Frame SILU = new Frame("org.bytedeco.pytorch.global.torch", "silu");
    private static final Frame RUN = new Frame("dev.flipside.engine.MatrixProduct", "run");
    private static final Frame MLP = new Frame("dev.flipside.model.LayerPass", "throughMlp");
    private static final Frame PART = new Frame("dev.flipside.model.SoftmaxAttention$Source", "lambda$forward$0");
    private static final Frame JUNIT = new Frame("org.junit.Runner", "run");

    private static List<Sample> samples(boolean inNative, Frame... frames) {
        List<Sample> into = new ArrayList<>();
        CallProfile.sample(List.of(frames), inNative, into);
        return into;
    }

    @Test
    void aSampleBelongsToTheInnermostPartOfAModel() {
        assertThat(samples(true, PRODUCT, RUN, MLP, JUNIT))
                .containsExactly(new Sample("LayerPass.throughMlp", Kind.PRODUCT));
        assertThat(samples(true, TORCH_PRODUCT, MLP)).containsExactly(new Sample("LayerPass.throughMlp", Kind.PRODUCT));
        assertThat(samples(true, SILU, PART, MLP))
                .containsExactly(new Sample("SoftmaxAttention.forward", Kind.OTHER_NATIVE));
        assertThat(samples(false, RUN, MLP)).containsExactly(new Sample("LayerPass.throughMlp", Kind.JAVA));
        assertThat(samples(true, SILU, JUNIT)).isEmpty();
    }

    @Test
    void sharesOfTheTime() {
        List<Sample> samples =
                new ArrayList<>(Collections.nCopies(120, new Sample("LayerPass.throughMlp", Kind.PRODUCT)));
        samples.addAll(Collections.nCopies(60, new Sample("LayerPass.throughMlp", Kind.OTHER_NATIVE)));
        samples.addAll(Collections.nCopies(19, new Sample("AdamW.step", Kind.OTHER_NATIVE)));
        samples.add(new Sample("Sampler.draw", Kind.JAVA));
        CallShares shares = new CallShares(samples);

        assertThat(shares.text())
                .isEqualTo(
                        """
                        60.0 % in products of matrices, 39.5 % in other native calls, 0.5 % in Java (200 samples)
                        where                 of the time  in products
                        LayerPass.throughMlp       90.0 %       60.0 %
                        AdamW.step                  9.5 %        0.0 %
                        other places                0.5 %        0.0 %
                        """);
        assertThat(shares.object()).containsEntry("products", 0.6).containsEntry("samples", 200);
    }

    @Test
    void nothingSampled() {
        assertThat(new CallShares(List.of()).text()).startsWith("0.0 % in products of matrices");
    }
}

package dev.flipside.cli.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flipside.cli.TinyModel;
import dev.flipside.cli.command.ModelRenderers;
import dev.flipside.cli.console.Console;
import dev.flipside.cli.console.Streams;
import dev.flipside.engine.Device;
import dev.flipside.engine.Seeds;
import dev.flipside.model.CausalLm;
import dev.flipside.model.Precision;
import dev.flipside.rollout.GenerationSettings;
import dev.flipside.rollout.Generator;
import dev.flipside.rollout.SamplingOptions;
import dev.flipside.text.Message;
import dev.flipside.text.Renderer;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** What a person at a terminal sees, and Ctrl-C. */
class ChatSessionTest {
    /** Of some seeds the answer of a random model is this long, and has letters of several bytes in it. */
    private static final int LENGTH = 40;

    @TempDir
    static Path folder;

    private static Path policy;

    @BeforeAll
    static void writeModel() {
        policy = TinyModel.policy(folder.resolve("policy"));
    }

    /** What was written, call by call; the first call may be followed by a signal. */
    private static final class Screen extends OutputStream {
        private final List<byte[]> writes = new ArrayList<>();
        private final Runnable afterFirst;

        Screen(Runnable afterFirst) {
            this.afterFirst = afterFirst;
        }

        @Override
        public void write(int value) {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int count) {
            writes.add(Arrays.copyOfRange(bytes, from, from + count));
            if (writes.size() == 1) {
                afterFirst.run();
            }
        }

        String text() {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            writes.forEach(all::writeBytes);
            return all.toString(StandardCharsets.UTF_8);
        }
    }

    private record Talk(List<Message> messages, Screen screen, String err) {}

    private static Talk talk(Runnable afterFirst, boolean typed, String input) throws IOException {
        Screen screen = new Screen(afterFirst);
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(
                new Streams(InputStream.nullInputStream(), screen, err, typed ? 80 : 0, Map.of(), typed), false, false);
        try (CausalLm lm = CausalLm.constant(policy, Device.CPU, Precision.FLOAT32);
                Renderer renderer = ModelRenderers.of(lm.files());
                Generator generator = new Generator(
                        lm, new GenerationSettings(1, List.of(), ids -> renderer.completionText(new int[0], ids)))) {
            ChatModel model =
                    new ChatModel(generator, lm.files(), renderer, SamplingOptions.plain(LENGTH), new Seeds(1));
            List<Message> messages = new ChatSession(console, model, Optional.empty(), Optional.empty())
                    .run(new BufferedReader(new StringReader(input)));
            return new Talk(messages, screen, err.toString(StandardCharsets.UTF_8));
        }
    }

    @Test
    void anAnswerIsShownAsItIsWrittenInWholeCharacters() throws IOException {
        Talk talk = talk(() -> {}, false, "hello\n");
        String answer = talk.messages().get(1).content();

        assertThat(talk.screen().text()).isEqualTo(answer + "\n");
        assertThat(talk.screen().writes).hasSizeGreaterThan(LENGTH / 3);
        for (byte[] write : talk.screen().writes) {
            assertThat(decodes(write)).isTrue();
        }
        assertThat(talk.err()).doesNotContain("you> ");
    }

    private static boolean decodes(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    @Test
    void ctrlCEndsTheAnswerAndTheConversationGoesOn() throws IOException {
        Signal signal = new Signal("INT");
        SignalHandler before = Signal.handle(signal, SignalHandler.SIG_DFL);
        Signal.handle(signal, before);
        assumeTrue(before != SignalHandler.SIG_IGN, "this JVM was started in the background, so Ctrl-C is ignored");

        Talk whole = talk(() -> {}, true, "hello\nand then?\n");
        Talk ended = talk(() -> interrupt(signal), true, "hello\nand then?\n");

        String half = ended.messages().get(1).content();
        assertThat(half).isNotEmpty();
        assertThat(whole.messages().get(1).content()).startsWith(half).isNotEqualTo(half);
        assertThat(ended.messages()).hasSize(4);
        assertThat(ended.screen().text())
                .isEqualTo(half + "\n" + ended.messages().get(3).content() + "\n");
        assertThat(ended.err()).contains("you> ");
        // What the model was asked with ends the half answer as it ends a whole one.
        assertThat(ended.messages().get(3)).isNotEqualTo(whole.messages().get(3));
    }

    /** The JVM hands a signal to a thread of its own, which is done soon. */
    private static void interrupt(Signal signal) {
        Signal.raise(signal);
        try {
            Thread.sleep(500);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}

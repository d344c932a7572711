package dev.flipside.gguf;

import static dev.flipside.gguf.GgufBytes.llama;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flipside.config.UserError;
import dev.flipside.safetensors.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Files that are no GGUF, or not a whole one, or not of a model that is supported: one sentence that names the file and
 * the fault.
 */
class DamagedGgufTest {
    @TempDir
    Path temp;

    private void assertRefused(Path file, String... parts) {
        assertThatThrownBy(() -> GgufImport.open(file).write(temp.resolve("out"), WeightType.F16, written -> {}))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContainingAll(parts);
        assertThat(temp.resolve("out")).doesNotExist();
    }

    @Test
    void theUnchangedFileIsImported() {
        Path file = llama().write(temp.resolve("model.gguf"));
        GgufImport.open(file).write(temp.resolve("out"), WeightType.F32, written -> {});
        assertThat(temp.resolve("out/model.safetensors")).exists();
    }

    static Stream<Arguments> faults() {
        return Stream.of(
                fault("version 1", llama().version(1), "GGUF version 1"),
                fault("version 4", llama().version(4), "GGUF version 4"),
                fault("big-endian", llama().version(3 << 24), "big-endian"),
                fault("2^60 tensors", llama().counts(1L << 60, 14), "claims 1152921504606846976 tensors"),
                fault("2^64 - 1 keys", llama().counts(11, -1), "claims 18446744073709551615 key-value pairs"),
                fault("architecture", llama().pair("general.architecture", "mamba"), "'mamba'", "supported are llama"),
                fault("adapter", llama().pair("general.type", "adapter"), "type 'adapter'"),
                fault("no architecture", llama().without("general.architecture"), "general.architecture is missing"),
                fault("no block count", llama().without("llama.block_count"), "llama.block_count is missing"),
                fault("no tokens", llama().without("tokenizer.ggml.tokens"), "tokenizer.ggml.tokens is missing"),
                fault("text for number", llama().pair("llama.block_count", "one"), "llama.block_count is one"),
                fault("list for number", llama().pair("llama.block_count", List.of(1)), "is a list"),
                fault("too many blocks", llama().pair("llama.block_count", 2_000_000_000), "more than any model"),
                fault(
                        "a block that is not there",
                        llama().pair("llama.block_count", 2),
                        "blk.1.attn_norm.weight is missing"),
                fault("odd heads", llama().pair("llama.attention.head_count", 32), "need an even number"),
                fault("kv heads", llama().pair("llama.attention.head_count_kv", 3), "does not divide"),
                fault("partial rotation", llama().pair("llama.rope.dimension_count", 8), "turns whole heads"),
                fault("unknown scaling", llama().pair("llama.rope.scaling.type", "magic"), "'magic'"),
                fault("alignment", llama().pair("general.alignment", 33), "not a power of two"),
                fault(
                        "unknown tensor",
                        llama().tensor("blk.0.ssm_in.weight", 0, 32L),
                        "blk.0.ssm_in.weight has no place"),
                fault("a bias that is not in all", llama().tensor("blk.0.attn_q.bias", 0, 32L), "some of attn_q"),
                fault("missing tensor", llama().without("blk.0.attn_k.weight"), "blk.0.attn_k.weight is missing"),
                fault(
                        "other shape",
                        llama().without("output_norm.weight").tensor("output_norm.weight", 0, 16L),
                        "shape [16]",
                        "asks for [32]"),
                fault(
                        "same tensor twice",
                        llama().tensor("output_norm.weight", 0, 32L),
                        "output_norm.weight is in it twice"),
                fault("type IQ4_XS", llama().entry("x.weight", 23, 0, 32L), "of type IQ4_XS", "supported are F32"),
                fault("unknown type", llama().entry("x.weight", 1000, 0, 32L), "of type number 1000"),
                fault("broken block", llama().entry("x.weight", 8, 0, 31L), "not a multiple of 32"),
                fault("offset misaligned", llama().entry("x.weight", 0, 8, 8L), "not a multiple of the alignment"),
                fault("offset outside", llama().entry("x.weight", 0, 1L << 40, 8L), "ends beyond the end"),
                fault("offset beyond 2^63", llama().entry("x.weight", 0, -32, 8L), "not a multiple of the alignment"),
                fault("size outside", llama().entry("x.weight", 0, 0, 1L << 40), "ends beyond the end"),
                fault("shape overflows", llama().entry("x.weight", 0, 0, 1L << 40, 1L << 40), "impossible shape"),
                fault("shape below zero", llama().entry("x.weight", 0, 0, -1L), "impossible shape"),
                fault("empty shape", llama().tensor("x.weight", 0, 0L), "x.weight has no place"),
                fault("no dimensions", llama().tensor("x.weight", 0), "x.weight has no place"),
                fault(
                        "overlap",
                        llama().entry("x.weight", 0, 0, 8L),
                        "starts at offset 0 where the one before it ends at"),
                fault("key without a name", llama().pair("", 1), "a key without a name"),
                fault("alignment of a text", llama().pair("general.alignment", "32"), "general.alignment is of type 8"),
                fault("five dimensions", llama().entry("x.weight", 0, 0, 1L, 1L, 1L, 1L, 1L), "has 5 dimensions"),
                fault("unigram", llama().pair("tokenizer.ggml.model", "t5"), "Unigram"),
                fault("word piece", llama().pair("tokenizer.ggml.model", "bert"), "supported are gpt2 and llama"),
                fault("pre-tokenizer", llama().pair("tokenizer.ggml.pre", "novel"), "'novel'", "llama-bpe"),
                fault("no merges", llama().without("tokenizer.ggml.merges"), "tokenizer.ggml.merges is missing"),
                fault("half a merge", llama().pair("tokenizer.ggml.merges", List.of("ab")), "not two tokens"),
                fault(
                        "strange merge",
                        llama().pair("tokenizer.ggml.merges", List.of("a d")),
                        "'ad' is not in the vocabulary"),
                fault(
                        "no scores",
                        llama().pair("tokenizer.ggml.model", "llama").without("tokenizer.ggml.merges"),
                        "tokenizer.ggml.scores is missing"),
                fault("kinds", llama().pair("tokenizer.ggml.token_type", List.of(1, 1)), "2 kinds for 8 tokens"),
                fault("kind", llama().pair("tokenizer.ggml.token_type", List.of(1, 1, 1, 1, 1, 3, 3, 9)), "the kind 9"),
                fault("id", llama().pair("tokenizer.ggml.eos_token_id", 8), "is 8 and there are 8 tokens"),
                fault(
                        "more tokens than rows",
                        llama().without("token_embd.weight").tensor("token_embd.weight", 0, 32L, 7L),
                        "8 tokens and the embedding 7 rows"),
                fault("other factors", llama().tensor("rope_freqs.weight", 0, 8L), "do not follow Llama 3.1's rule"),
                fault("number of factors", llama().tensor("rope_freqs.weight", 0, 4L), "each of the 8 frequencies"));
    }

    private static Arguments fault(String name, GgufBytes file, String... parts) {
        return Arguments.of(name, file, List.of(parts));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void aFaultIsOneSentence(String name, GgufBytes file, List<String> parts) {
        assertRefused(file.write(temp.resolve("model.gguf")), parts.toArray(String[]::new));
    }

    @Test
    void whatIsNoGgufIsSaidToBeNone() throws IOException {
        assertRefused(Files.writeString(temp.resolve("a"), "{\"json\": 1}"), "is not a GGUF file");
        assertRefused(Files.createFile(temp.resolve("b")), "is not a GGUF file");
        assertRefused(temp.resolve("c"), "there is no such file");
        assertRefused(Files.createDirectory(temp.resolve("d")), "there is no such file");
    }

    /** A text of 2^40 bytes and a list of 2^40 elements in a file of a few hundred. */
    @Test
    void lengthsAreHeldAgainstTheFileBeforeAnythingIsAllocated() throws IOException {
        byte[] bytes = llama().bytes();
        byte[] longKey = bytes.clone();
        longKey[24 + 5] = 1;
        assertRefused(Files.write(temp.resolve("key"), longKey), "bytes of a key");
        // The value's length comes after magic, version, counts, the key with its length, and the type.
        byte[] longValue = bytes.clone();
        longValue[24 + 8 + "general.architecture".length() + 4 + 5] = 1;
        assertRefused(Files.write(temp.resolve("value"), longValue), "bytes of the value of general.architecture");
    }

    @Test
    void aTruncatedFileIsRefusedWhereverItEnds() throws IOException {
        byte[] bytes = llama().bytes();
        for (int length = 0; length < bytes.length; length += length < 2000 ? 7 : 1001) {
            Path file = Files.write(temp.resolve("cut.gguf"), Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> GgufImport.open(file))
                    .as("%d bytes", length)
                    .isInstanceOf(UserError.class)
                    .hasMessageStartingWith(file.toString());
        }
    }

    @Test
    void aWeightThatIsNoNumberIsRefused() throws IOException {
        byte[] bytes = llama().bytes();
        bytes[bytes.length - 1] = 0x7f;
        bytes[bytes.length - 2] = (byte) 0xc0;
        assertRefused(
                Files.write(temp.resolve("nan.gguf"), bytes), "number 1023 of the tensor blk.0.ffn_down.weight is NaN");
    }

    @Test
    void aWeightThatFloat16CannotHoldIsRefusedAndFloat32Holds() throws IOException {
        byte[] bytes = llama().bytes();
        bytes[bytes.length - 1] = 0x60;
        Path file = Files.write(temp.resolve("large.gguf"), bytes);
        assertRefused(file, "blk.0.ffn_down.weight holds 3.6893488E19", "--dtype bfloat16");
        GgufImport.open(file).write(temp.resolve("out"), WeightType.F32, written -> {});
    }

    /**
     * Any byte may be wrong: the import works or says in a sentence why not; it never fails otherwise and never fills
     * the memory.
     */
    @Test
    void flippedBytesNeverDoMoreHarmThanAnError() throws IOException {
        byte[] whole = Files.readAllBytes(GgufFixtures.file("llama.gguf"));
        SplittableRandom random = new SplittableRandom(7);
        int refused = 0;
        for (int round = 0; round < 500; round++) {
            byte[] bytes = whole.clone();
            // Mostly in the header, which is the first quarter.
            int range = round % 4 == 0 ? bytes.length : bytes.length / 4;
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                bytes[random.nextInt(range)] ^= (byte) (1 + random.nextInt(255));
            }
            Path file = Files.write(temp.resolve("flipped.gguf"), bytes);
            Path out = temp.resolve("out" + round);
            try {
                GgufImport.open(file).write(out, WeightType.F32, written -> {});
            } catch (UserError e) {
                refused++;
                assertThat(out).doesNotExist();
            }
        }
        assertThat(refused).isBetween(50, 450);
    }
}

#!/usr/bin/env python3
"""Writes the GGUF files and numbers that Flipside's import is held against.

    python make_gguf.py OUT LLAMA_CPP        # LLAMA_CPP: a source tree of llama.cpp (its converter and its gguf-py do the work)

Made with transformers 5.17.0, torch 2.13.0, tokenizers 0.23.3, sentencepiece 0.2.3 and the llama.cpp tree in the source package of
llama-cpp-python 0.3.36.

quants.json     per type: random blocks and the float32 numbers that gguf-py dequantises them to (both base64, little-endian). Types
                that gguf-py can quantise come from normally distributed numbers; the k-quants are random valid bytes with small scales.
NAME.gguf       a small random model of each architecture, saved by transformers and converted by convert_hf_to_gguf.py, its linear
                weights as F16 (they were rounded to it before, so that nothing is lost), norms as F32. Only the name of the
                pre-tokenizer is set by hand: the converter recognises real tokenizers by a hash.
NAME.json       what it came from. tensors: per name in transformers the shape and the SHA-256 of its float32 numbers; norms of
                Gemma, which GGUF stores plus one, are rounded so that this loses nothing. texts: ids of the tokenizer it came from
                (byte-level: tokenizers; SentencePiece: sentencepiece itself), without and with the tokens it adds. rows: ids and
                float32 log-probabilities of every token after the first.
split-*.gguf    llama.gguf in three parts, as gguf-split writes them.
NAME.config.json is written by the import and was checked with check_imports.py; see there.
"""

import argparse
import base64
import contextlib
import hashlib
import io
import json
import math
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import sentencepiece
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoConfig, AutoModelForCausalLM

CORPUS = [
    "The quick brown fox jumps over the lazy dog, and the dog doesn't mind: it's used to foxes jumping over it.",
    "In 1994 there were 12 lakes; by 2024 only 1,234,567 drops were left of them. That's 3.14159 per cent!",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return fibonacci(n - 1) + fibonacci(n - 2)\n\n\nprint(fibonacci(10))",
    "Zwölf große Boxkämpfer jagen Viktor quer über den Sylter Deich. Œuvre, naïve, façade, Ångström.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. Ще не вмерла Україна.",
    "我想在苹果工作。今天天气很好，我们去公园玩吧！日本語の文章もあります。カタカナとひらがな。한국어 문장도 있습니다.",
    "I've seen what you'll do, they're gone, we'd better go, I'm sure. 'Tis the season. WE'VE WON! You CamelCaseThing.",
]
TEXTS = [
    "", " ", "  ", "\n", "\n\n", " \n \n", "\t\tx\t", "Hello", " Hello", "Hello world", "  Hello   world  ", "hello\r\nworld\r\n\r\n",
    "12345 1 22 333 4444 3.14 1,000,000", "a1b22c333", "I've I'M don't WE'LL you'd 'tis rock'n'roll", "it’s", "naïve façade Ångström",
    "nai\u0308ve fac\u0327ade A\u030angstro\u0308m", "日本語の文章、中文句子。한국어", "Съешь ещё булок", "🚀🦙 👩‍👩‍👧 x", "\u00a0\u2003wide\u3000spaces",
    "def f(x):\n    return x  # ok\n\n\n", "!!!???...---===", "CamelCaseHTTPServer", "a\u0000b", "ﬁ ligature ½ ①", "x" * 40, "▁ under ▁▁ score",
    "the  the   the    the",
]
SPECIAL_TEXTS = ["<|im_start|>user\nHi<|im_end|>\n", "a <|im_end|> b", "<|im_start|><|im_start|>", "<think> well </think>", "x<|im_end|>  y"]
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TOKENS = 420

CL100K = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = CL100K.replace(r"\p{N}{1,3}", r"\p{N}")
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEKKEN = O200K.replace(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "").replace(r"\p{N}{1,3}", r"\p{N}")


def split(pattern):
    return pre_tokenizers.Split(Regex(pattern), "isolated")


def byte_level(use_regex=False):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)


def digits():
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level(True)])


# The name in tokenizer.ggml.pre -> (pre-tokenizer, NFC, ignore_merges, BOS), as the models' own tokenizer.json files have them.
PRE = {
    "gpt-2": (byte_level(True), False, False, False),
    "olmo": (byte_level(True), True, False, False),
    "starcoder": (digits(), False, False, False),
    "refact": (digits(), False, False, False),
    "smollm": (digits(), False, False, False),
    "llama-bpe": (pre_tokenizers.Sequence([split(CL100K), byte_level()]), False, True, True),
    "dbrx": (pre_tokenizers.Sequence([split(CL100K), byte_level()]), False, False, False),
    "smaug-bpe": (pre_tokenizers.Sequence([split(CL100K), byte_level()]), False, False, False),
    "qwen2": (pre_tokenizers.Sequence([split(QWEN2), byte_level()]), True, False, False),
    "stablelm2": (pre_tokenizers.Sequence([split(QWEN2), byte_level()]), False, False, False),
    "gpt-4o": (pre_tokenizers.Sequence([split(O200K), byte_level()]), False, False, False),
    "tekken": (pre_tokenizers.Sequence([split(TEKKEN), byte_level()]), False, True, True),
}

LLAMA3_ROPE = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 8192}
LONG_ROPE = {"rope_type": "longrope", "rope_theta": 10000.0, "short_factor": [1.0, 1.1, 1.25], "long_factor": [1.0, 2.5, 8.75],
             "partial_rotary_factor": 0.75, "original_max_position_embeddings": 64}
EXPERTS = dict(num_experts_per_tok=2)

# name -> (model type, pre-tokenizer or "spm", changes)
MODELS = {
    "llama": ("llama", "llama-bpe", dict(rope_parameters=LLAMA3_ROPE, num_attention_heads=4, num_key_value_heads=2, head_dim=8)),
    "llama-biases": ("llama", "smollm", dict(attention_bias=True, mlp_bias=True, tie_word_embeddings=True, head_dim=12,
                                             rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0})),
    "mistral": ("mistral", "spm", dict(sliding_window=None, num_attention_heads=4, num_key_value_heads=2)),
    "mixtral": ("mixtral", "tekken", dict(num_local_experts=3, **EXPERTS)),
    "qwen2": ("qwen2", "qwen2", dict(tie_word_embeddings=True)),
    "qwen3": ("qwen3", "qwen2", dict(head_dim=10, num_attention_heads=4)),
    "qwen3moe": ("qwen3_moe", "gpt-4o", dict(head_dim=8, num_experts=3, moe_intermediate_size=12, norm_topk_prob=True, **EXPERTS)),
    "gemma2": ("gemma2", "spm", dict(head_dim=8, query_pre_attn_scalar=8, sliding_window=8, hidden_activation="gelu_pytorch_tanh",
                                     tie_word_embeddings=True)),
    "gemma3": ("gemma3_text", "spm", dict(head_dim=8, query_pre_attn_scalar=8, sliding_window=8, num_hidden_layers=6,
                                          tie_word_embeddings=True,
                                          rope_parameters={"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
                                                           "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}})),
    "olmo2": ("olmo2", "dbrx", dict(num_attention_heads=2, num_key_value_heads=1)),
    "phi3": ("phi3", "spm", dict(rope_parameters=LONG_ROPE, original_max_position_embeddings=64, sliding_window=40)),
    "smollm3": ("smollm3", "smaug-bpe", dict(num_hidden_layers=4, tie_word_embeddings=True)),
    "granite": ("granite", "refact", dict(embedding_multiplier=12.0, residual_multiplier=0.22, attention_multiplier=0.125,
                                          logits_scaling=8.0, tie_word_embeddings=True)),
    "starcoder2": ("starcoder2", "starcoder", dict(norm_epsilon=0.01, use_bias=True, hidden_act="gelu_pytorch_tanh",
                                                   tie_word_embeddings=True)),
    "stablelm": ("stablelm", "stablelm2", dict(layer_norm_eps=0.01, use_qkv_bias=True, rope_parameters={
        "rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5})),
    "stablelm-parallel": ("stablelm", "stablelm2", dict(layer_norm_eps=0.01, use_parallel_residual=True, qk_layernorm=True, rope_parameters={
        "rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5})),
    "gpt2": ("gpt2", "gpt-2", dict(n_embd=16, n_layer=2, n_head=2, n_positions=128, n_ctx=128, n_inner=64, layer_norm_epsilon=0.01)),
    "gptneox": ("gpt_neox", "olmo", dict(layer_norm_eps=0.01, rotary_pct=0.5, rope_parameters={
        "rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5})),
}


def byte_level_tokenizer(pre, folder):
    pre_tokenizer, nfc, ignore_merges, bos = PRE[pre]
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if nfc:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=TOKENS - 2, special_tokens=SPECIALS, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(CORPUS * 4, trainer)
    tokenizer.add_tokens([AddedToken("<think>", normalized=False, special=False), AddedToken("</think>", normalized=False, special=False)])
    if pre == "olmo":  # as GPT-NeoX's tokenizer has them
        tokenizer.add_tokens([AddedToken(" " * n, normalized=True, special=False) for n in (4, 3, 2)])
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<|endoftext|> $A", pair="<|endoftext|> $A <|endoftext|> $B", special_tokens=[("<|endoftext|>", 0)])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|im_end|>",
        "chat_template": "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}",
        "add_bos_token": bos,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    encode = lambda text, special: tokenizer.encode(text, add_special_tokens=special).ids
    return tokenizer.get_vocab_size(), [(text, encode(text, False), encode(text, True)) for text in TEXTS + SPECIAL_TEXTS], dict(
        bos_token_id=0, eos_token_id=0, pad_token_id=2)


def sentence_piece_tokenizer(folder, prefix):
    # Longer than the byte-level vocabularies: 256 bytes and as many pieces again.
    with contextlib.redirect_stderr(io.StringIO()):
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([line for text in CORPUS * 4 for line in text.split("\n") if line.strip()]),
            model_prefix=str(folder / "tokenizer"), model_type="bpe", vocab_size=560, byte_fallback=True, split_digits=True,
            character_coverage=0.98, normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=prefix,
            allow_whitespace_only_pieces=True, unk_id=0, bos_id=1, eos_id=2, minloglevel=2, hard_vocab_limit=False)
    (folder / "tokenizer.vocab").unlink()
    processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "add_bos_token": True,
         "add_prefix_space": prefix}))
    # A NUL ends a text for SentencePiece.
    texts = [text for text in TEXTS if "\0" not in text]
    return processor.vocab_size(), [(text, processor.encode(text), [1] + processor.encode(text)) for text in texts], dict(
        bos_token_id=1, eos_token_id=2, pad_token_id=None)


def base(model_type, vocabulary, ids, changes):
    if model_type == "gpt2":
        return AutoConfig.for_model(model_type, vocab_size=vocabulary, **ids, **changes)
    fields = dict(
        vocab_size=vocabulary, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        max_position_embeddings=128, rms_norm_eps=0.01, tie_word_embeddings=False, **ids)
    if model_type in ("gpt_neox", "starcoder2", "stablelm"):
        del fields["rms_norm_eps"]
    if model_type == "gpt_neox":
        del fields["num_key_value_heads"]
    fields.update(changes)
    return AutoConfig.for_model(model_type, **fields)


def randomise(model, gemma, generator):
    for name, parameter in model.named_parameters():
        with torch.no_grad():
            values = torch.randn(parameter.shape, generator=generator) * (0.3 if name.endswith("bias") else 0.25)
            if "norm" in name.lower() or ".ln_" in name:
                if not name.endswith("bias"):
                    values = torch.rand(parameter.shape, generator=generator) + (-0.5 if gemma else 0.5)
                if gemma:
                    values = (values * 1024).round() / 1024
            else:
                values = values.half().float()
            parameter.copy_(values)


def convert(llama_cpp, folder, out, pre):
    sys.path.insert(0, str(llama_cpp))
    import convert_hf_to_gguf
    from conversion.base import ModelBase, TextModel

    load = ModelBase.load_hparams

    def with_old_names(*arguments, **named):
        """transformers 5 keeps GPT-NeoX's rotary_pct elsewhere than where the converter looks."""
        parameters = load(*arguments, **named)
        if "partial_rotary_factor" in (parameters.get("rope_parameters") or {}):
            parameters["rotary_pct"] = parameters["rope_parameters"]["partial_rotary_factor"]
        return parameters

    if load.__name__ != "with_old_names":
        ModelBase.load_hparams = staticmethod(with_old_names)

    TextModel.get_vocab_base_pre = lambda self, tokenizer: pre
    mend_stablelm()
    sys.argv = ["convert_hf_to_gguf.py", str(folder), "--outfile", str(out), "--outtype", "f16"]
    convert_hf_to_gguf.main()


def mend_stablelm():
    """The converter of 0.3.36 loses StableLM's norms of single heads: its generator returns a generator instead of yielding from it."""
    from conversion.stablelm import StableLMModel

    if hasattr(StableLMModel, "lossy"):
        return
    StableLMModel.lossy = StableLMModel.modify_tensors

    def modify_tensors(self, data_torch, name, bid):
        returned = yield from StableLMModel.lossy(self, data_torch, name, bid)
        if returned is not None:
            yield from returned

    StableLMModel.modify_tensors = modify_tensors


def sha256(tensor):
    return hashlib.sha256(tensor.detach().float().contiguous().numpy().tobytes()).hexdigest()


def make_model(name, out, llama_cpp):
    model_type, pre, changes = MODELS[name]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if pre == "spm":
            vocabulary, texts, ids = sentence_piece_tokenizer(folder, prefix=not name.startswith("gemma"))
        else:
            vocabulary, texts, ids = byte_level_tokenizer(pre, folder)
        config = base(model_type, vocabulary, ids, changes)
        generator = torch.Generator().manual_seed(sum(map(ord, name)))
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
        randomise(model, model_type.startswith("gemma"), generator)
        model.save_pretrained(folder)
        convert(llama_cpp, folder, out / f"{name}.gguf", pre)
        from safetensors.torch import load_file
        tensors = {}
        for key, tensor in load_file(folder / "model.safetensors").items():
            tensors[key] = {"shape": list(tensor.shape), "sha256": sha256(tensor)}
        rows = []
        for length in (5, 37):
            row = torch.randint(3, vocabulary, (1, length), generator=generator)
            with torch.no_grad():
                logprobs = torch.log_softmax(model(row).logits[0, :-1].float(), -1)
            rows.append({"ids": row[0].tolist(), "logprobs": logprobs.gather(1, row[0, 1:, None])[:, 0].tolist()})
    numbers = {"tensors": tensors, "texts": [{"text": t, "ids": i, "with_added": s} for t, i, s in texts], "rows": rows}
    (out / f"{name}.json").write_text(json.dumps(numbers, indent=None, separators=(",", ":")))


def base64_of(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def make_quants(out, llama_cpp):
    sys.path.insert(0, str(llama_cpp / "gguf-py"))
    import gguf
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType as Type

    random = np.random.default_rng(20260101)
    halves = {Type.Q2_K: (80, 82), Type.Q3_K: (108,), Type.Q4_K: (0, 2), Type.Q5_K: (0, 2), Type.Q6_K: (208,)}
    quants = {}
    for kind in (Type.F32, Type.F16, Type.BF16, Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, *halves):
        if kind in halves:
            size = GGML_QUANT_SIZES[kind][1]
            blocks = random.integers(0, 256, (4, size), dtype=np.uint8)
            for at in halves[kind]:
                blocks[:, at:at + 2] = (random.standard_normal(4) * 0.01).astype(np.float16).view(np.uint8).reshape(4, 2)
        else:
            numbers = (random.standard_normal((8, 32)) * 0.05).astype(np.float32)
            numbers[0] *= 1e-6  # subnormal halves
            numbers[1, 3] = 0
            blocks = gguf.quants.quantize(numbers, kind)
        values = gguf.quants.dequantize(blocks, kind).astype(np.float32)
        quants[kind.name] = {"blocks": base64_of(blocks), "values": base64_of(values)}
    (out / "quants.json").write_text(json.dumps(quants, indent=1))


def make_split(out, llama_cpp):
    """The tensors of llama.gguf in three files: the first with all metadata, as gguf-split does it."""
    import gguf

    reader = gguf.GGUFReader(out / "llama.gguf")
    count = 3
    for number in range(count):
        writer = gguf.GGUFWriter(out / f"split-{number + 1:05d}-of-{count:05d}.gguf", "llama")
        if number > 0:
            writer.kv_data[0].clear()
        else:
            for field in reader.fields.values():
                if field.name.startswith("GGUF.") or field.name == "general.architecture":
                    continue
                value = field.contents()
                kind = field.types[0]
                writer.add_key_value(field.name, value, kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
        writer.add_uint16("split.no", number)
        writer.add_uint16("split.count", count)
        writer.add_int32("split.tensors.count", len(reader.tensors))
        for tensor in reader.tensors[number::count]:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("llama_cpp", type=Path)
    parser.add_argument("--only", nargs="*", default=list(MODELS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    make_quants(arguments.out, arguments.llama_cpp)
    for name in arguments.only:
        make_model(name, arguments.out, arguments.llama_cpp)
    make_split(arguments.out, arguments.llama_cpp)


if __name__ == "__main__":
    main()

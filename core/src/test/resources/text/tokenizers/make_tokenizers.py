"""Writes small tokenizers of the kinds that models have, and golden.json: what transformers makes of them.

    python make_tokenizers.py

transformers 5.17.0 and tokenizers 0.23.3 made the files kept here. Each directory is loaded with
PreTrainedTokenizerFast.from_pretrained, as AutoTokenizer does for the class that it names.
"""

import json
import pathlib

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).parent
LINES = ["the cat and the dog sat there", "then they ran on and on", "good bad answer question", "user assistant system"] * 20
TEXTS = [
    "the cat",
    "",
    " the  cat ",
    "the\n\ncat\t",
    "Grüße, 你好, 😀! \u0007",
    "the</s>cat <s> dog",
    "the <extra> cat<extra>dog  <word> sword<word>s <keep>the",
    "<s>the cat</s>",
    "[INST] the [/INST]",
    "CAFÉ cafe\u0301 ﬁ",
    "<|new|>the<|late|> cat",
]
BYTES = [f"<0x{i:02X}>" for i in range(256)]


def llama_bpe():
    """Llama 2: SentencePiece BPE with byte fallback, a space put before the text, BOS by the post-processor."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    trained.train_from_iterator(LINES, trainers.BpeTrainer(vocab_size=90, show_progress=False))
    learnt = json.loads(trained.to_str())["model"]
    vocab = {token: i for i, token in enumerate(["<unk>", "<s>", "</s>"] + BYTES)}
    for token in sorted(learnt["vocab"], key=learnt["vocab"].get):
        vocab.setdefault(token, len(vocab))
    tokenizer = Tokenizer(
        models.BPE(vocab, [tuple(m) for m in learnt["merges"]], unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    return tokenizer, {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}


def unigram():
    """Gemma and T5: SentencePiece Unigram with byte fallback, NFKC, EOS behind the text."""
    trained = Tokenizer(models.Unigram())
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator(LINES, trainers.UnigramTrainer(vocab_size=60, show_progress=False))
    learnt = json.loads(trained.to_str())["model"]["vocab"]
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)] + [(b, 0.0) for b in BYTES]
    vocab += [(token, score) for token, score in learnt]
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=2, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    return tokenizer, {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


def byte_level():
    """GPT-2, Llama 3, Qwen: byte-level BPE with added tokens that trim, keep to whole words, or are ordinary text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.train_from_iterator(
        LINES, trainers.BpeTrainer(vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    )
    tokenizer.add_special_tokens([AddedToken("<s>", special=True), AddedToken("</s>", special=True)])
    tokenizer.add_tokens(
        [
            AddedToken("<extra>", lstrip=True, rstrip=True, special=True),
            AddedToken("<word>", single_word=True, special=False, normalized=False),
            AddedToken("<keep>", special=False),
        ]
    )
    return tokenizer, {"bos_token": "<s>", "eos_token": "</s>"}


def config_adds():
    """What only tokenizer_config.json says: further tokens, other flags; and BOS and EOS around texts, which transformers ignores."""
    tokenizer, config = byte_level()
    size = tokenizer.get_vocab_size()
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    config["added_tokens_decoder"] = {
        str(tokenizer.token_to_id("<extra>")): {"content": "<extra>", **flags, "special": True},
        str(size): {"content": "<|new|>", **flags, "rstrip": True, "special": True},
    }
    config["pad_token"] = "<|late|>"
    config["additional_special_tokens"] = ["[INST]"]
    config["add_bos_token"] = True
    config["add_eos_token"] = True
    return tokenizer, config


def config_removes():
    """tokenizer.json puts BOS before a text, tokenizer_config.json says that it shall not, which transformers ignores."""
    tokenizer, config = llama_bpe()
    return tokenizer, {**config, "add_bos_token": False}


def main():
    golden = {}
    for make in (llama_bpe, unigram, byte_level, config_adds, config_removes):
        directory = HERE / make.__name__.replace("_", "-")
        directory.mkdir(exist_ok=True)
        tokenizer, config = make()
        tokenizer.save(str(directory / "tokenizer.json"), pretty=False)
        config = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False, **config}
        (directory / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")
        loaded = PreTrainedTokenizerFast.from_pretrained(directory)
        cases = []
        for text in TEXTS:
            special = loaded.encode(text, add_special_tokens=True)
            cases.append(
                {
                    "text": text,
                    "ids": loaded.encode(text, add_special_tokens=False),
                    "ids_with_special": special,
                    "decoded": loaded.decode(special, skip_special_tokens=True),
                    "decoded_with_special": loaded.decode(special, skip_special_tokens=False),
                    "special": [t for t in loaded.tokenize(text) if t in loaded.all_special_tokens],
                }
            )
        golden[directory.name] = cases
    lines = [json.dumps(name) + ": [\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]" for name, cases in golden.items()]
    (HERE / "golden.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()

"""Writes special_tokens.json: what transformers makes of special tokens that the files of a tokenizer name in different places.

    python make_special_tokens.py

transformers 5.17.0 and tokenizers 0.23.3 made the file kept here. A case is a tokenizer.json of this folder ("byte-level" where none is named)
with other files beside it, loaded with AutoTokenizer; "error" is kept where transformers raises one.
"""

import json
import pathlib
import tempfile

from transformers import AutoTokenizer

HERE = pathlib.Path(__file__).parent
TEXT = "<s>the cat <keep> dog <word> x</s> <extra>a <new>b . n't 's ' the"
FLAGS = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
STRIP = {**FLAGS, "lstrip": True, "rstrip": True}
NEW = {"__type": "AddedToken", "content": "<new>", **STRIP}


def listed(id, content, special, **flags):
    return {"added_tokens_decoder": {str(id): {"content": content, **FLAGS, **flags, "special": special}}}


# name: (tokenizer_config.json, special_tokens_map.json, added_tokens.json)
CASES = {
    "nothing": ({}, None, None),
    "no tokenizer_config": (None, None, None),
    "eos that is not special": ({"eos_token": "<keep>"}, None, None),
    "eos that is not special and listed so": ({"eos_token": "<keep>", **listed(304, "<keep>", False, normalized=True)}, None, None),
    "eos that is not special and not listed": ({"eos_token": "<keep>", "added_tokens_decoder": {}}, None, None),
    "special that the config lists as not": ({**listed(301, "</s>", False)}, None, None),
    "eos that the config lists as not special": ({"eos_token": "</s>", **listed(301, "</s>", False)}, None, None),
    "listed as special": ({**listed(304, "<keep>", True)}, None, None),
    "listed as special with other flags": ({**listed(304, "<keep>", True, lstrip=True, rstrip=True)}, None, None),
    "additional that is there": ({"additional_special_tokens": ["<keep>"]}, None, None),
    "additional that is there and listed": ({"additional_special_tokens": ["<keep>"], **listed(304, "<keep>", False)}, None, None),
    "additional that is new": ({"additional_special_tokens": ["<keep>", "<new>"]}, None, None),
    "additional with flags": ({"additional_special_tokens": [NEW]}, None, None),
    "extra, as a list": ({"extra_special_tokens": ["<keep>", "<new>"]}, None, None),
    "extra, by name": ({"extra_special_tokens": {"image_token": "<keep>"}}, None, None),
    "a name of the model's own": ({"image_token": "<keep>"}, None, None),
    "cls": ({"cls_token": "<keep>"}, None, None),
    "pad, unk and mask": ({"pad_token": "<keep>", "unk_token": "<word>", "mask_token": "<new>"}, None, None),
    "bos": ({"bos_token": "<keep>"}, None, None),
    "eos that is new": ({"eos_token": "<new>"}, None, None),
    "eos that is new, with flags": ({"eos_token": NEW}, None, None),
    "eos that is a word": ({"eos_token": "the"}, None, None),
    "the map against the config": ({"eos_token": "</s>"}, {"eos_token": "<keep>"}, None),
    "the map against a config that lists tokens": ({"eos_token": "</s>", "added_tokens_decoder": {}}, {"eos_token": "<keep>"}, None),
    "the map, with flags": ({}, {"eos_token": {"content": "<new>", **STRIP}}, None),
    "the map's additional": ({}, {"additional_special_tokens": ["<keep>", "<new>"]}, None),
    "eos only in the map, and a list": ({**listed(304, "<keep>", False)}, {"eos_token": "</s>"}, None),
    "null in the config": ({"eos_token": None}, {"eos_token": "</s>"}, None),
    "added_tokens.json": ({}, None, {"<new>": 305}),
    "added_tokens.json, eos": ({"eos_token": "<new>"}, None, {"<new>": 305}),
    "added_tokens.json beside a list": ({"added_tokens_decoder": {}}, None, {"<new>": 305}),
    "cleaned up, BPE": ({"clean_up_tokenization_spaces": True}, None, None),
    "cleaned up, BPE, told twice": (
        {"clean_up_tokenization_spaces": True, "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output": True},
        None,
        None,
    ),
    "cleaned up, Unigram": ({"tokenizer": "unigram", "clean_up_tokenization_spaces": True}, None, None),
}


def main():
    golden = []
    for name, (config, special, added) in CASES.items():
        files = {"tokenizer_config.json": config, "special_tokens_map.json": special, "added_tokens.json": added}
        kind = (config or {}).pop("tokenizer", "byte-level")
        case = {"name": name, "tokenizer": kind, "files": {n: f for n, f in files.items() if f is not None}}
        if config is not None:
            config["tokenizer_class"] = "PreTrainedTokenizerFast"
        with tempfile.TemporaryDirectory() as directory:
            directory = pathlib.Path(directory)
            (directory / "tokenizer.json").write_text((HERE / kind / "tokenizer.json").read_text())
            for file, content in case["files"].items():
                (directory / file).write_text(json.dumps(content))
            tokenizer = AutoTokenizer.from_pretrained(directory)
        ids = tokenizer.encode(TEXT, add_special_tokens=False)
        case["text"] = TEXT
        case["ids"] = ids
        case["decoded"] = tokenizer.decode(ids, skip_special_tokens=True)
        case["decoded_with_special"] = tokenizer.decode(ids, skip_special_tokens=False)
        case["named"] = tokenizer.special_tokens_map
        case["eos_id"] = tokenizer.eos_token_id
        golden.append(case)
    (HERE / "special_tokens.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in golden) + "\n]\n")


if __name__ == "__main__":
    main()
